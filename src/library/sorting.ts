// Sorting, and what sorting finds.

import { apply, applyLooping, axisOr, composite, type Size, type Tensor } from "../frontend/index.ts";
import { fail, requireOptions, shapeOf, tensorType, type Value } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { reshape } from "./array/index.ts";
import { rankOf, requireSize } from "./shapes.ts";

export interface SortingOptions {
  /** The axis along which elements are ordered; the last where left out, and null for all of them, row-major in a vector. */
  readonly axis?: number | null;
  /** From the largest to the smallest. */
  readonly descending?: boolean;
}

function sorted(given: Tensor, options: SortingOptions, where: string, withOrder: boolean): readonly Tensor[] {
  requireOptions(where, options, ["axis", "descending"]);
  const x = options.axis === null && rankOf(given, where) > 0 ? reshape(given, [-1]) : given;
  const rank = rankOf(x, where);
  if (rank === 0) fail("axis", `${where}: the tensor has rank 0, expected an axis to sort along`);
  const { descending = false } = options;
  const at = axisOr(options.axis, -1, rank);
  return applyLooping(sorted, [x], (v: Value) => {
    const order = withOrder ? [ops.iota(tensorType("i32", shapeOf(v)), at)] : [];
    return ops.sort([v, ...order], { axis: at, descending });
  });
}

/**
 * The elements in order along an axis, NaN last; equal ones stay in their order.
 *
 * @throws AdjointError `axis` for an axis that the tensor does not have, `dtype` for booleans.
 * @example sort(tensor([3, 1, 2])) // [1, 2, 3]
 */
export const sort = composite("sort", (x: Tensor, options: SortingOptions = {}): Tensor => {
  return sorted(x, options, "sort", false)[0];
});

/**
 * The i32 subscripts along an axis that put the elements in order.
 *
 * @throws AdjointError as sort.
 * @example argsort(tensor([3, 1, 2])) // [1, 2, 0]
 */
export const argsort = composite("argsort", (x: Tensor, options: SortingOptions = {}): Tensor => {
  return sorted(x, options, "argsort", true)[1];
});

export interface TopKOptions {
  /** The axis along which elements are chosen; the last where left out. */
  readonly axis?: number;
  /** Whether the largest elements are chosen, where left out, or the smallest. */
  readonly largest?: boolean;
}

/**
 * The k largest elements along an axis, the largest first and NaN last, and their i32 subscripts; with `largest: false`
 * the k smallest, the smallest first. Of equal ones the first are chosen.
 *
 * @throws AdjointError `shape` where there are fewer than k, and as sort.
 * @example topK(tensor([3, 1, 2]), 2).values // [3, 2]
 */
export const topK = composite(
  "topK",
  (x: Tensor, k: Size, options: TopKOptions = {}): { readonly values: Tensor; readonly indices: Tensor } => {
    requireOptions("topK", options, ["axis", "largest"]);
    const size = requireSize(k, "topK: k");
    const rank = rankOf(x, "topK");
    const axis = axisOr(options.axis, -1, rank);
    const extent = shapeOf(x)[axis];
    if (typeof extent === "number" && typeof size === "number" && extent < size)
      fail("shape", `topK: k is ${size}, but axis ${axis} has extent ${extent}`);
    const [values, indices] = sorted(x, { axis, descending: options.largest !== false }, "topK", true).map(
      (t) =>
        apply(sorted, [t], (v: Value) => {
          const shape = shapeOf(v);
          return [ops.slice(v, { start: shape.map(() => 0), limit: shape.with(axis, size) })];
        })[0],
    );
    return { values, indices };
  },
);
