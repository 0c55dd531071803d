// What the library asks of shapes: axes, extents as numbers in a formula, extents of results.

import {
  apply,
  axisOf,
  type Countable,
  type DTypeConstant,
  describe,
  describeStranger,
  dimsFor,
  dtypeNamed,
  Extent,
  type Operand,
  openDim,
  requireKnown,
  type Size,
  Tensor,
} from "../frontend/index.ts";
import {
  type Dim,
  type DType,
  fail,
  isFloat,
  isSafeInteger,
  printShape,
  requireOptions,
  shapeOf,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { cast, dim, maximum, mul, sub } from "./array/index.ts";

export type Axes = number | readonly number[];

/** 0, 1, 2, … */
export const count = (n: number, from = 0): readonly number[] => Array.from({ length: n }, (_, i) => from + i);

export function requireTensor(x: unknown, where: string): asserts x is Tensor {
  if (x instanceof Tensor) return;
  fail("argument", `${where}: got ${describeStranger(x)}, expected a tensor`, { hint: "make one with tensor(data)" });
}

/** The number of axes; an error where it is not known yet. */
export function rankOf(x: Tensor, where: string): number {
  requireTensor(x, where);
  return shapeOf(x, where).length;
}

/** Axes from the front, each once; all where left out. */
export function axesOf(x: Tensor, axes: Axes | null | undefined, where: string): readonly number[] {
  const rank = rankOf(x, where);
  if (axes === undefined || axes === null) return count(rank);
  const list = [axes].flat().map((a) => axisOf(a, rank));
  const twice = list.find((a, i) => list.indexOf(a) !== i);
  if (twice !== undefined) fail("axis", `${where}: axis ${twice} is named twice`);
  return list;
}

/** As axesOf; null for all of a tensor whose rank is not known, whose listed axes stay until it is. */
export function axesOrAll(x: Tensor, axes: Axes | null | undefined, where: string): readonly number[] | null {
  requireTensor(x, where);
  if (x.type.kind !== "unranked") return axesOf(x, axes, where);
  return axes === undefined || axes === null ? null : [axes].flat();
}

/** As axesOf, for what stays beside its reduced axes; null where all go, of a tensor whose rank is not known. */
export function axesBeside(
  x: Tensor,
  { axes, keepDims }: { readonly axes?: Axes | null; readonly keepDims?: boolean },
  where: string,
): readonly number[] | null {
  requireTensor(x, where);
  const isWhole = x.type.kind === "unranked" && (axes === undefined || axes === null) && keepDims !== true;
  return isWhole ? null : axesOf(x, axes, where);
}

/** The axes of a tensor of this rank that are not listed. */
export function otherAxes(rank: number, axes: readonly number[]): readonly number[] {
  return count(rank).filter((a) => !axes.includes(a));
}

/**
 * How many elements lie along these axes, all where null, less `correction` and 0 at least: a number where that is known,
 * else a scalar of the dtype, of the same bits.
 */
export function countAlong(x: Tensor, axes: readonly number[] | null, dtype: DType, correction = 0): Operand {
  const { known, open } = countsAlong(x, axes);
  if (open.length === 0) return Math.max(known - correction, 0);
  // f64 as JavaScript counts, whose result a literal rounds
  const isRounded = open.length > 1 || known !== 1 || correction !== 0;
  const counts = open.map((n) => cast(n, isRounded ? "f64" : dtype));
  const all = counts.slice(1).reduce(mul, known === 1 ? counts[0] : mul(counts[0], known));
  const rest = correction === 0 ? all : maximum(sub(all, correction), 0);
  return isRounded && dtype !== "f64" ? cast(rest, dtype) : rest;
}

/** The product of the extents that are known, and the others as i32 scalars. */
function countsAlong(
  x: Tensor,
  axes: readonly number[] | null,
): { readonly known: number; readonly open: readonly Tensor[] } {
  if (x.type.kind === "unranked" || axes === null)
    return { known: 1, open: apply(countsAlong, [x], (v) => [ops.extentOf(v, axes ?? "all")]) };
  const shape = shapeOf(x);
  const open = axes.filter((axis) => typeof shape[axis] !== "number");
  const known = axes.reduce((n, axis) => n * (open.includes(axis) ? 1 : Number(shape[axis])), 1);
  return { known, open: open.map((axis) => dim(x, axis)) };
}

/** The shape with another extent in one place. */
export function withExtent(shape: readonly Countable[], axis: number, extent: Countable): readonly Countable[] {
  return shape.map((d, i) => (i === axis ? extent : d));
}

export function requireFloat(x: Tensor, where: string): void {
  requireTensor(x, where);
  if (isFloat(x.dtype)) return;
  fail("dtype", `${where}: got dtype ${x.dtype}, expected f32 or f64`, { hint: "cast it" });
}

/** Square matrices of floats in the last two axes. */
export function requireSquare(x: Tensor, where: string): void {
  requireFloat(x, where);
  const [rows, columns] = rankOf(x, where) < 2 ? [] : shapeOf(x).slice(-2);
  const isKnown = typeof rows === "number" && typeof columns === "number";
  if (rows !== undefined && !(isKnown && rows !== columns)) return;
  fail(
    "shape",
    `${where}: the tensor has shape ${printShape(shapeOf(x))}, expected square matrices in its last two axes`,
  );
}

export function requireInteger(x: unknown, what: string, least = Number.MIN_SAFE_INTEGER): number {
  if (x instanceof Extent) requireKnown(x, what);
  if (isSafeInteger(x) && x >= least) return x;
  const expected = least === Number.MIN_SAFE_INTEGER ? "an integer" : `an integer from ${least}`;
  return fail("argument", `${what}: got ${describe(x)}, expected ${expected}`);
}

export interface DTypeOptions {
  /** The dtype of the elements; f64 where left out, and of the value or tensor given where there is one. */
  readonly dtype?: DTypeConstant | string;
}

/** The dtype that the options name. */
export function dtypeOf(options: DTypeOptions, where: string, otherwise: DType): DType {
  requireOptions(where, options, ["dtype"]);
  return options.dtype == null ? otherwise : dtypeNamed(options.dtype);
}

/** A number of elements, of pieces or of times, that a user gives: an integer, or a dimension that is not known yet. */
export function requireSize(x: unknown, what: string, least = 0): Dim {
  return openDim(x) ?? requireInteger(x, what, least);
}

/** A dimension of the function that is built as a size. */
export function sizeFor(d: Dim): Countable {
  return typeof d === "number" ? d : new Extent(d, []);
}

/** One size for one axis, or a list of them. */
export type Shape = Size | readonly Size[];

/** The sizes of a shape, one by one. */
export function listed(shape: Shape): readonly Size[] {
  return Array.isArray(shape) ? shape : [shape as Size];
}

/** A shape that a user gives, as dimensions. */
export function extents(shape: Shape, where: string): readonly Dim[] {
  const dims = dimsFor(listed(shape));
  if (dims.includes(-1)) fail("shape", `${where}: got the extent -1, expected an integer from 0`);
  return dims;
}
