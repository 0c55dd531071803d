// Quantiles and the median: what stands at a share of the elements in order.

import { applyLooping, composite, describe, type Operand, Tensor } from "../frontend/index.ts";
import {
  Dense,
  type DType,
  elementDType,
  fail,
  maxDims,
  productOf,
  requireOptions,
  scalar,
  shapeOf,
  subDims,
  tensorType,
  type Value,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import type { ReduceOptions } from "./array/index.ts";
import { axesOf, count, otherAxes, rankOf, requireFloat } from "./shapes.ts";

type Method = (typeof methods)[number];
const methods = ["linear", "lower", "higher", "midpoint", "nearest"] as const;

export interface QuantileOptions extends ReduceOptions {
  /**
   * What is taken between two elements: a point as far along as the share says (where left out), the `lower` or the
   * `higher` one, their `midpoint`, or the `nearest`, of two as near the one of even subscript.
   */
  readonly method?: Method;
}

/**
 * The quantile of the elements over axes: with the n elements in order, what stands at subscript q · (n - 1). Between two
 * elements it is interpolated linearly, unless `method` says otherwise (NumPy `quantile`). q is a number from 0 to 1, or a
 * list or vector of them, whose axis comes first in the result. NaN where there is a NaN among the elements, or none at all.
 *
 * The derivative goes to the two elements as they are weighted, and to q where that is a tensor.
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have, `argument` for a q
 *   outside of 0 to 1, `option` for an unknown method.
 * @example quantile(tensor([1, 2, 4]), [0.5, 0.75]) // [2, 3]
 */
export const quantile = composite(
  "quantile",
  (x: Tensor, q: Operand | readonly number[], options: QuantileOptions = {}): Tensor => {
    requireOptions("quantile", options, ["axes", "keepDims", "method"]);
    return quantilesOf(x, q, options, "quantile");
  },
);

/**
 * The middle one of the elements in order over axes, the mean of the two middle ones where their number is even (NumPy
 * `median`; torch takes the lower one, which is `quantile(x, 0.5, { method: "lower" })`). NaN where there is a NaN among
 * the elements, or none at all.
 *
 * The derivative goes to the middle element, half each to two.
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have.
 * @example median(tensor([4, 1, 3, 2])) // 2.5
 */
export const median = composite("median", (x: Tensor, options: ReduceOptions = {}): Tensor => {
  requireOptions("median", options, ["axes", "keepDims"]);
  return quantilesOf(x, 0.5, { ...options, method: "midpoint" }, "median");
});

/** Shares from 0 to 1 as a value; those that are numbers are checked. */
function sharesOf(q: readonly number[], isList: boolean, where: string): Value {
  for (const share of q)
    if (!(typeof share === "number" && share >= 0 && share <= 1))
      fail("argument", `${where}: got ${describe(share)} for q, expected a number from 0 to 1`);
  if (!isList) return ops.constant(q[0], scalar("f64"));
  return ops.constant(
    new Dense({ dtype: "f64", shape: [q.length], data: Float64Array.from(q) }),
    tensorType("f64", [q.length]),
  );
}

function quantilesOf(x: Tensor, q: Operand | readonly number[], options: QuantileOptions, where: string): Tensor {
  requireFloat(x, where);
  const { method = "linear", keepDims = false } = options;
  if (!methods.includes(method))
    fail("option", `${where}: option 'method' is ${describe(method)}, expected one of ${methods.join(", ")}`);
  const axes = axesOf(x, options.axes, where);
  const given = q instanceof Tensor ? [q] : [];
  if (q instanceof Tensor) requireVector(q, where);
  return applyLooping(quantilesOf, [x, ...given], (v, shares) => {
    const shape = shapeOf(v);
    const kept = otherAxes(shape.length, axes);
    const last = ops.reshape(ops.permute(v, [...kept, ...axes]), [
      ...kept.map((axis) => shape[axis]),
      productOf(axes.map((axis) => shape[axis])),
    ]);
    const at = shares ?? sharesOf([q].flat() as readonly number[], Array.isArray(q), where);
    const found = quantilesAlong(last, ops.cast(at, "f64"), method);
    const rest = keepDims ? shape.map((d, axis) => (axes.includes(axis) ? 1 : d)) : kept.map((axis) => shape[axis]);
    const own = shapeOf(at);
    const first = own.length === 0 ? found : ops.permute(found, [kept.length, ...count(kept.length)]);
    return [ops.reshape(first, [...own, ...rest])];
  })[0];
}

function requireVector(q: Tensor, where: string): void {
  requireFloat(q, `${where}: q`);
  const rank = rankOf(q, where);
  if (rank > 1) fail("shape", `${where}: q has rank ${rank}, expected a number or a vector`);
}

/** Of the last axis of x at each share; the axis of the shares takes its place. */
function quantilesAlong(x: Value, shares: Value, method: Method): Value {
  const shape = shapeOf(x);
  const dtype = elementDType(x.type) ?? "f64";
  const axis = shape.length - 1;
  const most = ops.broadcast(ops.cast(ops.dim(maxDims(subDims(shape[axis], 1), 0)), "f64"), shapeOf(shares), []);
  const [least, whole] = [0, 1].map((c) => ops.constantLike(c, shares));
  const place = ops.mul(ops.clamp(least, shares, whole), most);
  // behind the last element stands a NaN, which is what is found where there is none
  const low = shape.map(() => 0);
  const [inOrder] = ops.sort([x], { axis });
  const sorted = ops.pad(inOrder, { low, high: low.with(axis, 1) }, ops.constant(Number.NaN, scalar(dtype)));
  const taken = (at: Value): Value => elementsAt(sorted, ops.cast(at, "i32"));
  // NaN is last in order
  const top = taken(most);
  return ops.select(ops.isNan(top), top, interpolated(place, taken, method, dtype));
}

/** What stands at a place between the elements that `taken` gives. */
function interpolated(place: Value, taken: (at: Value) => Value, method: Method, dtype: DType): Value {
  if (method === "nearest") return taken(ops.round(place));
  const [below, above] = [ops.floor(place), ops.ceil(place)];
  if (method === "lower") return taken(below);
  if (method === "higher") return taken(above);
  const half = ops.constantLike(0.5, place);
  const share = method === "linear" ? ops.sub(place, below) : ops.mul(ops.sub(above, below), half);
  const [low, high] = [taken(below), taken(above)];
  const last = shapeOf(low).length - 1;
  const along = shapeOf(share).map(() => last);
  return between(low, high, ops.broadcast(ops.cast(share, dtype), shapeOf(low), along));
}

/** low + share · (high - low), from the nearer end, so that it never leaves the two; infinite ends as they are weighted. */
function between(low: Value, high: Value, share: Value): Value {
  const gap = ops.sub(high, low);
  const left = ops.sub(ops.constantLike(1, share), share);
  const half = ops.constantLike(0.5, share);
  const near = ops.select(
    ops.compare(share, half, "lt"),
    ops.add(low, ops.mul(gap, share)),
    ops.sub(high, ops.mul(gap, left)),
  );
  const isAtLow = ops.compare(share, ops.constantLike(0, share), "eq");
  const weighted = ops.select(isAtLow, low, ops.add(ops.mul(low, left), ops.mul(high, share)));
  return ops.select(ops.isFinite(gap), near, weighted);
}

/** The elements of the last axis at these subscripts, whose axes take its place. */
function elementsAt(x: Value, indices: Value): Value {
  const shape = shapeOf(x);
  const last = shape.length - 1;
  return ops.gather(x, indices, {
    offsetAxes: count(last),
    collapsedAxes: [last],
    indexMap: [last],
    indexAxis: shapeOf(indices).length,
    sizes: shape.map((d, axis) => (axis === last ? 1 : d)),
    mode: "clamp",
  });
}
