// What users call to convert, reshape, reduce and contract tensors.

import {
  apply,
  applyContracting,
  type asMethod,
  axisOf,
  type Checked,
  type DTypeConstant,
  type DTypeNamed,
  describe,
  dimsFor,
  dtypeNamed,
  type GivenShape,
  type OwnDType,
  type PermutedShape,
  type ReducedShape,
  type ResultShape,
  requireList,
  type ShapeIn,
  type Size,
  type Tensor,
} from "../../frontend/index.ts";
import { type Dim, exactDim, fail, productOf, requireOptions, shapeOf, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { eachOnce } from "./along.ts";

/** The tensor in another dtype. */
export function cast<X extends Tensor, D extends DTypeConstant | string>(
  x: X,
  dtype: D,
): Tensor<ShapeIn<X>, DTypeNamed<D>>;
export function cast(x: Tensor, dtype: DTypeConstant | string): Tensor {
  return apply(cast, [x], (v) => [ops.cast(v, dtypeNamed(dtype))])[0];
}

/** The same elements, row-major, under another shape; one extent may be -1 and follows from the others. One size is the shape of one axis. */
export function reshape<X extends Tensor, const S extends Size | readonly Size[]>(
  x: X,
  shape: S,
): Tensor<ResultShape<GivenShape<S>>, OwnDType<X>>;
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
export function permuteDims<X extends Tensor, const A extends readonly number[] | []>(
  x: X,
  axes: Checked<PermutedShape<ShapeIn<X>, A>, A>,
): Tensor<ResultShape<PermutedShape<ShapeIn<X>, A>>, OwnDType<X>>;
export function permuteDims(x: Tensor, axes: readonly number[]): Tensor {
  return apply(permuteDims, [x], (v) => {
    requireList(axes, "the axes");
    // without a rank they stay as they are until shapes are refined
    return [ops.permute(v, v.type.kind === "tensor" ? eachOnce(axes, v.type.shape.length, "permuteDims") : axes)];
  })[0];
}

/** `x` repeated to a larger shape, as operands broadcast; one size is the shape of one axis. */
export function broadcastTo<X extends Tensor, const S extends Size | readonly Size[]>(
  x: X,
  shape: S,
): Tensor<ResultShape<GivenShape<S>>, OwnDType<X>>;
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

/** Axes as options have them, in types. */
type AxesOption = ReduceOptions["axes"] | [];
/** The shape of a reduction, or what is wrong with its axes. */
type Over<X, A, K> = ReducedShape<ShapeIn<X>, { readonly axes: A; readonly keepDims: K }>;
/** The options of a reduction whose axes are looked at. */
interface OverOptions<X, A, K> {
  /** The axes that are reduced, negatives from the end; all where left out or null, and none for an empty list. */
  readonly axes?: Checked<Over<X, A, K>, A>;
  /** Keep reduced axes with extent 1. */
  readonly keepDims?: K;
}

/** A function that reduces axes, with more options of its own. */
export interface Reduction<More = unknown> {
  <X extends Tensor, const A extends AxesOption = null, K extends boolean | undefined = false>(
    x: X,
    options?: OverOptions<X, A, K> & More,
  ): Tensor<ResultShape<Over<X, A, K>>, OwnDType<X>>;
  readonly [asMethod]?: <X extends Tensor, const A extends AxesOption = null, K extends boolean | undefined = false>(
    this: X,
    options?: OverOptions<X, A, K> & More,
  ) => Tensor<ResultShape<Over<X, A, K>>, OwnDType<X>>;
}

function reduction(name: string, kind: ops.ReduceKind): Reduction;
/** @__NO_SIDE_EFFECTS__ */
function reduction(name: string, kind: ops.ReduceKind): (x: Tensor, options?: ReduceOptions) => Tensor {
  const f = (x: Tensor, options: ReduceOptions = {}): Tensor =>
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
/** The product over axes; 1 of none. */
export const prod: Reduction = reduction("prod", "prod");
/** The largest over axes; NaN where one is. An axis without elements has none: -∞, or the least of an integer dtype. */
export const max: Reduction = reduction("max", "max");
/** The smallest over axes; NaN where one is. An axis without elements has none: ∞, or the greatest of an integer dtype. */
export const min: Reduction = reduction("min", "min");
/** Whether all truth values along axes hold; true of none. */
export const all: Reduction = reduction("all", "and");
/** Whether one of the truth values along axes holds; false of none. */
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
  return applyContracting(dot, [x, y], (a, b) => {
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
export function stopGradient<X extends Tensor>(x: X): Tensor<ShapeIn<X>, OwnDType<X>>;
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
