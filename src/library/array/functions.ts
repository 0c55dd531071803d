// What users call to convert, reshape, reduce and contract tensors.

import {
  apply,
  axisOf,
  type DTypeConstant,
  describe,
  dimsFor,
  dtypeNamed,
  requireList,
  type Size,
  type Tensor,
} from "../../frontend/index.ts";
import { type Dim, exactDim, fail, productOf, requireOptions, shapeOf, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { eachOnce } from "./along.ts";

/** The tensor in another dtype. */
export function cast(x: Tensor, dtype: DTypeConstant | string): Tensor {
  return apply(cast, [x], (v) => [ops.cast(v, dtypeNamed(dtype))])[0];
}

/** The same elements, row-major, under another shape; one extent may be -1 and follows from the others. One size is the shape of one axis. */
export function reshape(x: Tensor, shape: Size | readonly Size[]): Tensor {
  return apply(
    reshape,
    [x],
    (v) => {
      const to = dimsFor(shape);
      // one axis with all elements needs no rank
      return [to.length === 1 && to[0] === -1 ? ops.flatten(v) : ops.reshape(v, completeShape(v, to))];
    },
    shape,
  )[0];
}

function completeShape(x: Value, to: readonly Dim[]): readonly Dim[] {
  const open = to.indexOf(-1);
  if (open < 0) return to;
  const from = shapeOf(x, "reshape: the extent -1 follows from the others, but");
  if (to.lastIndexOf(-1) > open) fail("shape", "two extents are -1, expected at most one");
  const rest = productOf(to.filter((_, i) => i !== open));
  if (rest === 0) fail("shape", "the extent -1 beside an extent 0 is not determined", { hint: "write the extent" });
  return to.map((d, i) => (i === open ? exactDim(productOf(from), rest) : d));
}

/** Axes in another order: axis i of the result is axis `axes[i]` of `x`. */
export function permuteDims(x: Tensor, axes: readonly number[]): Tensor {
  return apply(permuteDims, [x], (v) => {
    requireList(axes, "the axes");
    // without a rank they stay as they are until shapes are refined
    return [ops.permute(v, v.type.kind === "tensor" ? eachOnce(axes, v.type.shape.length, "permuteDims") : axes)];
  })[0];
}

/** `x` repeated to a larger shape, as operands broadcast; one size is the shape of one axis. */
export function broadcastTo(x: Tensor, shape: Size | readonly Size[]): Tensor {
  return apply(
    broadcastTo,
    [x],
    (v) => {
      const dims = dimsFor(shape);
      if (dims.includes(-1)) fail("shape", "got the extent -1, expected an integer from 0");
      shapeOf(v, "broadcastTo");
      return [ops.broadcastTo(v, dims)];
    },
    shape,
  )[0];
}

export interface ReduceOptions {
  /** The axes that are reduced, negatives from the end; all where left out or null, and none for an empty list. */
  readonly axes?: number | readonly number[] | null;
  /** Keep reduced axes with extent 1. */
  readonly keepDims?: boolean;
}

type Reduction = (x: Tensor, options?: ReduceOptions) => Tensor;

/** @__NO_SIDE_EFFECTS__ */
function reduction(name: string, kind: ops.ReduceKind): Reduction {
  const f: Reduction = (x, options = {}) =>
    apply(f, [x], (v) => {
      requireOptions(name, options, ["axes", "keepDims"]);
      const { axes, keepDims = false } = options;
      const list = reducedAxes(v, axes, name);
      const reduced = ops.reduce(v, { kind, axes: list });
      if (!keepDims) return [reduced];
      const kept = shapeOf(v, `${name} with keepDims`).map((d, i) => (list === "all" || list.includes(i) ? 1 : d));
      return [ops.reshape(reduced, kept)];
    })[0];
  return f;
}

/** The axes from the front; of a value without a rank they stay as they are until shapes are refined. */
function reducedAxes(v: Value, axes: ReduceOptions["axes"], where: string): ops.AxesOrAll {
  const given = axes === undefined || axes === null ? null : [axes].flat();
  if (v.type.kind === "tensor")
    return given === null ? v.type.shape.map((_, i) => i) : eachOnce(given, v.type.shape.length, where);
  for (const axis of given ?? []) requireAxis(axis, where);
  return given ?? "all";
}

function requireAxis(axis: unknown, where: string): void {
  if (!Number.isSafeInteger(axis)) fail("axis", `${where}: the axis is ${describe(axis)}, expected an integer`);
}

/** The sum over axes, in the order that the op `reduce` defines. */
export const sum: Reduction = reduction("sum", "sum");
export const prod: Reduction = reduction("prod", "prod");
export const max: Reduction = reduction("max", "max");
export const min: Reduction = reduction("min", "min");
export const all: Reduction = reduction("all", "and");
export const any: Reduction = reduction("any", "or");

/** Paired axes, of the first operand and of the second. */
type AxisLists = readonly [readonly number[], readonly number[]];

export interface DotOptions {
  /** The axes over which products are summed. */
  readonly contract: AxisLists;
  /** The axes that run along, one result for each place. */
  readonly batch?: AxisLists;
}

/** Sums products over paired axes: `contract: [[1], [0]]` is the matrix product. */
export function dot(x: Tensor, y: Tensor, options: DotOptions): Tensor {
  return apply(dot, [x, y], (a, b) => {
    requireOptions("dot", options, ["contract", "batch"]);
    const { contract, batch = [[], []] } = options;
    return [ops.dot(a, b, { contract: pairsOf(contract, "contract"), batch: pairsOf(batch, "batch") })];
  })[0];
}

function pairsOf(
  lists: AxisLists,
  name: string,
): { readonly left: readonly number[]; readonly right: readonly number[] } {
  if (!Array.isArray(lists) || lists.length !== 2 || !lists.every(Array.isArray))
    fail("option", `dot: option '${name}' is ${describe(lists)}, expected two lists of axes`, {
      hint: "write [[1], [0]] for the matrix product",
    });
  return { left: lists[0], right: lists[1] };
}

/** The same value, through which no derivative flows. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradient, [x], (v) => [ops.stopGradient(v)])[0];
}

/** `x`, shown to the `observe` option of the compiled function under `name` each time it runs. */
export function probe(x: Tensor, name: string): Tensor {
  return apply(probe, [x], (v) => [ops.probe(v, name)])[0];
}

/** The extent of an axis as an i32 scalar. */
export function dim(x: Tensor, axis: number): Tensor {
  return apply(dim, [x], (v) => {
    requireAxis(axis, "dim");
    return [ops.extentOf(v, [v.type.kind === "tensor" ? axisOf(axis, v.type.shape.length) : axis])];
  })[0];
}
