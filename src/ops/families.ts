// Every family of ops: its records, `…Op`, and the strict functions that append them to the current builder.

export {
  constant,
  constantLike,
  constantOp,
  dim,
  dimOp,
  empty,
  emptyOp,
  indexValue,
  iota,
  iotaOp,
} from "./base/constant.ts";
export { cast, castOp, compare, compareOp, type Direction, directionOf, not, notOp } from "./base/elementwise.ts";
export { select, selectOp } from "./base/select.ts";
export * from "./base/stop-gradient.ts";
export * from "./contract/conv.ts";
export { dot, dotOp } from "./contract/dot.ts";
export { type CallAttributes, call, callOp } from "./control/calls.ts";
export * from "./control/control.ts";
export { customJvp, customJvpOp, customVjp, customVjpOp } from "./control/custom.ts";
export * from "./control/reverse/tape.ts";
export * from "./control/transforms.ts";
export * from "./indexing/dynamic-slice.ts";
export * from "./indexing/gather.ts";
export * from "./linalg/factorizations.ts";
export { type TriangularOptions, triangularSolve, triangularSolveOp } from "./linalg/triangular-solve.ts";
export { bytesOf, layOut, scratch, scratchOp } from "./loop/arena.ts";
export { type ContractAttributes, type Contraction, contract, contractOp, contractRegions } from "./loop/contract.ts";
export { fusedOp } from "./loop/fused.ts";
export { isDenseConstant, isFusible } from "./loop/fusible.ts";
export { into, intoOp } from "./loop/into.ts";
export {
  type AllocAttributes,
  alloc,
  allocOp,
  type ForAttributes,
  forLoop,
  forOp,
  forRegion,
  load,
  loadOp,
  loopNest,
  store,
  storeOp,
} from "./loop/loop.ts";
export { copy, copyOp, elementsWritten, fill, fillOp, flatView, view, viewOp } from "./loop/memory.ts";
export { parallelOp } from "./loop/parallel.ts";
export { Scratch, type Slot } from "./loop/scratch.ts";
export { rangeMessage, type SubscriptAttributes, subscriptOp } from "./loop/subscript.ts";
export * from "./meta.ts";
export * from "./order/cumulative.ts";
export * from "./order/sort.ts";
export { type RngWord, rngBits, rngBitsOp, splitKeys } from "./random/rng-bits.ts";
export { absorb, absorbOp, vanish, vanishOp } from "./scalar/absorb.ts";
export * from "./scalar/arithmetic.ts";
export * from "./scalar/bessel.ts";
export * from "./scalar/bits.ts";
export * from "./scalar/exponential.ts";
export * from "./scalar/powers.ts";
export * from "./scalar/roots.ts";
export * from "./scalar/rounding.ts";
export * from "./scalar/special.ts";
export * from "./scalar/trigonometric.ts";
export * from "./shape/arg-reduce.ts";
export * from "./shape/concatenate.ts";
export { extentOf, extentOp } from "./shape/extent.ts";
export { broadcast, broadcastOp, reduce, reduceOp, reduceSum, withAxisBehind, withBatchAxis } from "./shape/reduce.ts";
export { type Box, type Padding, pad, padOp, slice, sliceOp } from "./shape/slicing.ts";
export * from "./structural/structural.ts";
export {
  extractLane,
  extractLaneOp,
  lanesInHalves,
  loadLanes,
  loadLanesOp,
  ramp,
  rampOp,
  reduceLanes,
  reduceLanesOp,
  splat,
  splatOp,
  storeLanes,
  storeLanesOp,
} from "./vector/vector.ts";
export * from "./window/window.ts";
export * from "./window/window-arg.ts";
export { windowsIn } from "./window/window-attributes.ts";
export { elementsWithin, restConditions } from "./window/window-loops.ts";
export { type PlacedAttributes, windowOp } from "./window/window-op.ts";
export { isWrittenOut, subscriptUnder } from "./window/window-shape.ts";
