// What the library asks of shapes: axes, extents as numbers in a formula, extents of results.

import {
  apply,
  axisOf,
  type DTypeConstant,
  describe,
  describeStranger,
  dimsFor,
  dtypeNamed,
  type Operand,
  Tensor,
} from "../frontend/index.ts";
import { type Dim, type DType, fail, isFloat, requireOptions, shapeOf } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { cast, dim, mul } from "./array/index.ts";

export type Extent = number | string;
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

/** How many elements lie along these axes: a number where that is known, else a scalar of the dtype. */
export function countAlong(x: Tensor, axes: readonly number[] | null, dtype: DType): Operand {
  if (x.type.kind === "unranked" || axes === null)
    return cast(apply(countAlong, [x], (v) => [ops.extentOf(v, axes ?? "all")])[0], dtype);
  const extents = axes.map((axis) => x.shape[axis]);
  const known = extents.filter((d) => typeof d === "number").reduce((a, b) => a * b, 1);
  const open = axes.filter((_, i) => typeof extents[i] === "string").map((axis) => cast(dim(x, axis), dtype));
  return open.length === 0 ? known : open.slice(1).reduce(mul, known === 1 ? open[0] : mul(open[0], known));
}

/** The shape with another extent in one place. */
export function withExtent(shape: readonly Extent[], axis: number, extent: Extent): readonly Extent[] {
  return shape.map((d, i) => (i === axis ? extent : d));
}

export function requireFloat(x: Tensor, where: string): void {
  requireTensor(x, where);
  if (isFloat(x.dtype)) return;
  fail("dtype", `${where}: got dtype ${x.dtype}, expected f32 or f64`, { hint: "cast it" });
}

export function requireInteger(x: unknown, what: string, least = Number.MIN_SAFE_INTEGER): number {
  if (Number.isSafeInteger(x) && (x as number) >= least) return x as number;
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
  return options.dtype === undefined ? otherwise : dtypeNamed(options.dtype);
}

/** A shape that a user gives, as dimensions. */
export function extents(shape: Extent | readonly Extent[], where: string): readonly Dim[] {
  const dims = dimsFor(typeof shape === "object" ? shape : [shape]);
  if (dims.includes(-1)) fail("shape", `${where}: got the extent -1, expected an integer from 0`);
  return dims;
}
