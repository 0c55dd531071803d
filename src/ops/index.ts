// The ops: their table, and the strict functions that append them to the current builder.

import {
  fail,
  type Module,
  type Op,
  type OpTable,
  type ParseOptions,
  parseModule,
  requireOptions,
} from "../ir/index.ts";
import { leafRecords } from "./base/constant.ts";
import { castOp, compareOp, notOp, selectOp } from "./base/elementwise.ts";
import { convRecords } from "./contract/conv.ts";
import { dotRecords } from "./contract/dot.ts";
import { callRecords } from "./control/calls.ts";
import { controlRecords } from "./control/control.ts";
import { customRecords } from "./control/custom.ts";
import { tapeRecords } from "./control/reverse/tape.ts";
import { transformRecords } from "./control/transforms.ts";
import { dynamicSliceRecords } from "./indexing/dynamic-slice.ts";
import { gatherRecords } from "./indexing/gather.ts";
import { factorizationRecords } from "./linalg/factorizations.ts";
import { triangularSolveRecords } from "./linalg/triangular-solve.ts";
import { loopRecords } from "./loop/loop.ts";
import { subscriptRecords } from "./loop/subscript.ts";
import { metaRecords } from "./meta.ts";
import { cumulativeRecords } from "./order/cumulative.ts";
import { sortRecords } from "./order/sort.ts";
import { rngRecords } from "./random/rng-bits.ts";
import { arithmeticRecords } from "./scalar/arithmetic.ts";
import { bitRecords } from "./scalar/bits.ts";
import { exponentialRecords } from "./scalar/exponential.ts";
import { roundingRecords } from "./scalar/rounding.ts";
import { specialRecords } from "./scalar/special.ts";
import { trigonometricRecords } from "./scalar/trigonometric.ts";
import { argReduceRecords } from "./shape/arg-reduce.ts";
import { concatenateRecords } from "./shape/concatenate.ts";
import { reduceRecords } from "./shape/reduce.ts";
import { slicingRecords } from "./shape/slicing.ts";
import { structuralRecords } from "./structural/structural.ts";
import { windowRecords } from "./window/window.ts";
import { argWindowRecords } from "./window/window-arg.ts";

/** Every op of the project, by its name in TypeScript. */
export const records = {
  ...leafRecords,
  ...arithmeticRecords,
  ...roundingRecords,
  ...exponentialRecords,
  ...trigonometricRecords,
  ...specialRecords,
  ...bitRecords,
  compare: compareOp,
  not: notOp,
  select: selectOp,
  cast: castOp,
  ...structuralRecords,
  ...slicingRecords,
  ...concatenateRecords,
  ...gatherRecords,
  ...dynamicSliceRecords,
  ...reduceRecords,
  ...argReduceRecords,
  ...rngRecords,
  ...sortRecords,
  ...factorizationRecords,
  ...triangularSolveRecords,
  ...dotRecords,
  ...convRecords,
  ...windowRecords,
  ...argWindowRecords,
  ...cumulativeRecords,
  ...controlRecords,
  ...callRecords,
  ...transformRecords,
  ...customRecords,
  ...tapeRecords,
  ...metaRecords,
  ...loopRecords,
  ...subscriptRecords,
} satisfies Readonly<Record<string, Op>>;

/** Every op of the project, by mnemonic. */
export const standardOps: OpTable = new Map(Object.values(records).map((op) => [op.name, op]));

/** Parses and verifies IR text in the project's ops. */
export function parse(text: string, options?: ParseOptions): Module {
  if (typeof text !== "string") fail("argument", `parseModule: got a value of type ${typeof text}, expected IR text`);
  if (options !== undefined) requireOptions("parseModule", options, ["file", "verify"]);
  return parseModule(text, standardOps, options);
}

export { constant, constantLike, dim, empty, indexValue, iota } from "./base/constant.ts";
export { defineOp, emit1 } from "./base/define.ts";
export { cast, compare, type Direction, type ElementwiseRow, elementwise, not, select } from "./base/elementwise.ts";
export { zeros, zerosLike } from "./base/zeros.ts";
export * as composites from "./composites.ts";
export { type ConvOptions, conv } from "./contract/conv.ts";
export { dot } from "./contract/dot.ts";
export { call } from "./control/calls.ts";
export { ifElse, type ScanStep, scan, whileLoop } from "./control/control.ts";
export { customJvp, customVjp } from "./control/custom.ts";
export { pop, push } from "./control/reverse/tape.ts";
export { differentiated, elementTypes, isFloatType, jvp, mappedOf, vjp, vmap } from "./control/transforms.ts";
export { dynamicSlice, dynamicUpdateSlice } from "./indexing/dynamic-slice.ts";
export { gather, scatter } from "./indexing/gather.ts";
export type { GatherMode, GatherNumbers, ScatterMode, ScatterNumbers } from "./indexing/index-space.ts";
export type { ScatterKind } from "./indexing/scatter-kinds.ts";
export { cholesky, lu, permuteRows, trianglesOf } from "./linalg/factorizations.ts";
export { identity } from "./linalg/triangles.ts";
export { type TriangularOptions, triangularSolve } from "./linalg/triangular-solve.ts";
export { alloc, forLoop, load, store } from "./loop/loop.ts";
export { rangeMessage } from "./loop/subscript.ts";
export { check, probe, stopGradient } from "./meta.ts";
export { type CumulativeOptions, cumulative } from "./order/cumulative.ts";
export { type SortOptions, sort } from "./order/sort.ts";
export { type RngWord, rngBits, splitKeys } from "./random/rng-bits.ts";
export { add, clamp, div, maximum, minimum, mul, neg, sub } from "./scalar/arithmetic.ts";
export { and, bitcast, or, popcount, shiftLeft, shiftRight, xor } from "./scalar/bits.ts";
export {
  cbrt,
  exp,
  exp2,
  expm1,
  hypot,
  log,
  log1p,
  log2,
  log10,
  logistic,
  pow,
  rsqrt,
  sqrt,
} from "./scalar/exponential.ts";
export { abs, ceil, copysign, floor, isFinite, isNan, nextafter, rem, round, sign, trunc } from "./scalar/rounding.ts";
export { digamma, erf, lgamma, polygamma } from "./scalar/special.ts";
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cos,
  cosh,
  sin,
  sinh,
  tan,
  tanh,
} from "./scalar/trigonometric.ts";
export { type ArgReduceKind, argReduce } from "./shape/arg-reduce.ts";
export { broadcastOperands, broadcastTo, commonShape, isUnranked, rankOf } from "./shape/broadcasting.ts";
export { concatenate } from "./shape/concatenate.ts";
export { broadcast, reduce, reduceSum, withBatchAxis } from "./shape/reduce.ts";
export type { ReduceKind } from "./shape/reduce-order.ts";
export { type Box, type Padding, pad, slice } from "./shape/slicing.ts";
export { permute, reshape, reverse } from "./structural/structural.ts";
export { reduceWindow } from "./window/window.ts";
export { argReduceWindow } from "./window/window-arg.ts";
export type { WindowOptions } from "./window/window-attributes.ts";
export { elementsAlong } from "./window/window-elements.ts";
