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
import { argReduceRecords } from "./arg-reduce.ts";
import { arithmeticRecords } from "./arithmetic.ts";
import { bitRecords } from "./bits.ts";
import { callRecords } from "./calls.ts";
import { concatenateRecords } from "./concatenate.ts";
import { leafRecords } from "./constant.ts";
import { controlRecords } from "./control.ts";
import { convRecords } from "./conv.ts";
import { cumulativeRecords } from "./cumulative.ts";
import { customRecords } from "./custom.ts";
import { dotRecords } from "./dot.ts";
import { dynamicSliceRecords } from "./dynamic-slice.ts";
import { castOp, compareOp, notOp, selectOp } from "./elementwise.ts";
import { exponentialRecords } from "./exponential.ts";
import { factorizationRecords } from "./factorizations.ts";
import { gatherRecords } from "./gather.ts";
import { loopRecords } from "./loop.ts";
import { metaRecords } from "./meta.ts";
import { reduceRecords } from "./reduce.ts";
import { rngRecords } from "./rng-bits.ts";
import { roundingRecords } from "./rounding.ts";
import { slicingRecords } from "./slicing.ts";
import { sortRecords } from "./sort.ts";
import { specialRecords } from "./special.ts";
import { structuralRecords } from "./structural.ts";
import { subscriptRecords } from "./subscript.ts";
import { tapeRecords } from "./tape.ts";
import { transformRecords } from "./transforms.ts";
import { triangularSolveRecords } from "./triangular-solve.ts";
import { trigonometricRecords } from "./trigonometric.ts";
import { windowRecords } from "./window.ts";
import { argWindowRecords } from "./window-arg.ts";

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

export { type ArgReduceKind, argReduce } from "./arg-reduce.ts";
export { add, clamp, div, maximum, minimum, mul, neg, sub } from "./arithmetic.ts";
export { and, bitcast, or, popcount, shiftLeft, shiftRight, xor } from "./bits.ts";
export { broadcastOperands, broadcastTo, commonShape, isUnranked, rankOf } from "./broadcasting.ts";
export { call } from "./calls.ts";
export { concatenate } from "./concatenate.ts";
export { constant, constantLike, dim, empty, indexValue, iota } from "./constant.ts";
export { ifElse, type ScanStep, scan, whileLoop } from "./control.ts";
export { type ConvOptions, conv } from "./conv.ts";
export { type CumulativeOptions, cumulative } from "./cumulative.ts";
export { customJvp, customVjp } from "./custom.ts";
export { defineOp, emit1 } from "./define.ts";
export { dot } from "./dot.ts";
export { dynamicSlice, dynamicUpdateSlice } from "./dynamic-slice.ts";
export { cast, compare, type Direction, type ElementwiseRow, elementwise, not, select } from "./elementwise.ts";
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
} from "./exponential.ts";
export { cholesky, lu, permuteRows, trianglesOf } from "./factorizations.ts";
export { gather, scatter } from "./gather.ts";
export type { GatherMode, GatherNumbers, ScatterMode, ScatterNumbers } from "./index-space.ts";
export { alloc, forLoop, load, store } from "./loop.ts";
export { check, probe, stopGradient } from "./meta.ts";
export { broadcast, reduce, reduceSum, withBatchAxis } from "./reduce.ts";
export type { ReduceKind } from "./reduce-order.ts";
export { type RngWord, rngBits, splitKeys } from "./rng-bits.ts";
export { abs, ceil, copysign, floor, isFinite, isNan, nextafter, rem, round, sign, trunc } from "./rounding.ts";
export type { ScatterKind } from "./scatter-kinds.ts";
export { type Box, type Padding, pad, slice } from "./slicing.ts";
export { type SortOptions, sort } from "./sort.ts";
export { digamma, erf, lgamma, polygamma } from "./special.ts";
export { permute, reshape, reverse } from "./structural.ts";
export { rangeMessage } from "./subscript.ts";
export { pop, push } from "./tape.ts";
export { differentiated, elementTypes, isFloatType, jvp, mappedOf, vjp, vmap } from "./transforms.ts";
export { identity } from "./triangles.ts";
export { type TriangularOptions, triangularSolve } from "./triangular-solve.ts";
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
} from "./trigonometric.ts";
export { reduceWindow } from "./window.ts";
export { argReduceWindow } from "./window-arg.ts";
export type { WindowOptions } from "./window-attributes.ts";
export { elementsAlong } from "./window-elements.ts";
export { zeros, zerosLike } from "./zeros.ts";
