// Products of tensors: the matrix product with its broadcasting, and products over chosen axes.

import {
  asUser,
  axisOf,
  axisOr,
  type Checked,
  composite,
  type DTypeIn,
  describe,
  type MatmulShape,
  type OwnDType,
  type PairDType,
  type ProductFault,
  type ResultShape,
  type ShapeIn,
  type Tensor,
  type TransposedShape,
} from "../frontend/index.ts";
import { fail, requireOptions } from "../ir/index.ts";
import { add, dot, permuteDims } from "./array/index.ts";
import { contraction } from "./contract.ts";
import { count, rankOf } from "./shapes.ts";

/** What is wrong with the operands of a matrix product. */
export type MatmulFault<X, Y> = ProductFault<MatmulShape<ShapeIn<X>, ShapeIn<Y>>, DTypeIn<X>, DTypeIn<Y>>;

/**
 * The matrix product over the last axis of x and the one before the last of y; the axes before these broadcast. A vector
 * is a row on the left and a column on the right, and its axis is not in the result (Python array API `matmul`).
 *
 * @throws AdjointError `shape` for a scalar, and where the extents summed over differ; `dtype` where dtypes do.
 * @example matmul(tensor([[1, 2], [3, 4]]), tensor([1, 1])) // [3, 7]
 */
export function matmul<X extends Tensor, Y extends Tensor>(
  x: X,
  y: Checked<MatmulFault<X, Y>, Y>,
): Tensor<ResultShape<MatmulShape<ShapeIn<X>, ShapeIn<Y>>>, PairDType<X, Y>>;
export function matmul(x: Tensor, y: Tensor): Tensor {
  return asUser(matmul, () => {
    const [m, n] = [rankOf(x, "matmul"), rankOf(y, "matmul")];
    if (m < 1 || n < 1)
      fail("shape", `matmul: got ranks ${m} and ${n}, expected 1 or more`, { hint: "write mul for a scalar" });
    // one side has no axes that broadcast, and the product is where it belongs
    if (n <= 2 || m === 1) return dot(x, y, { contract: [[m - 1], [Math.max(n - 2, 0)]] });
    return batched(x, y);
  });
}

const batched = composite("matmul", (x: Tensor, y: Tensor): Tensor => {
  const rank = Math.max(x.rank, y.rank);
  const batch = (t: Tensor): readonly string[] => count(t.rank - 2, rank - t.rank).map((a) => `batch ${a}`);
  const labelled = [
    { tensor: x, labels: [...batch(x), "row", "sum"] },
    { tensor: y, labels: [...batch(y), "sum", "column"] },
  ];
  return contraction("matmul", labelled, [...batch(x.rank > y.rank ? x : y), "row", "column"]);
});

export interface TensordotOptions {
  /** How many of the last axes of x and first axes of y are summed over, or the axes of each; 2 where left out. */
  readonly axes?: number | readonly [readonly number[], readonly number[]];
}

/**
 * Sums products over axes of x and of y, pair by pair; the axes left of x come before those of y.
 *
 * @throws AdjointError `shape` where paired extents differ, `axis` for one that there is not.
 * @example tensordot(tensor([1, 2]), tensor([3, 4]), { axes: 1 }) // 11
 */
export function tensordot(x: Tensor, y: Tensor, options: TensordotOptions = {}): Tensor {
  return asUser(tensordot, () => {
    requireOptions("tensordot", options, ["axes"]);
    const { axes = 2 } = options;
    const [m, n] = [rankOf(x, "tensordot"), rankOf(y, "tensordot")];
    if (typeof axes !== "number") {
      if (!Array.isArray(axes) || axes.length !== 2 || !axes.every(Array.isArray))
        fail("option", `tensordot: option 'axes' is ${describe(axes)}, expected a number or two lists of axes`);
      const [left, right] = axes;
      return dot(x, y, { contract: [left.map((a) => axisOf(a, m)), right.map((a) => axisOf(a, n))] });
    }
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(m, n))
      fail("axis", `tensordot: option 'axes' is ${axes}, expected 0 to ${Math.min(m, n)}`);
    return dot(x, y, { contract: [count(axes, m - axes), count(axes)] });
  });
}

/**
 * All products of an element of x with one of y: the axes of x, then those of y.
 *
 * @throws AdjointError `dtype` where dtypes differ.
 * @example outer(tensor([1, 2]), tensor([3, 4])) // [[3, 4], [6, 8]]
 */
export function outer(x: Tensor, y: Tensor): Tensor {
  return asUser(outer, () => dot(x, y, { contract: [[], []] }));
}

/**
 * The sum of products along one axis of both, the last where it is left out; the other axes broadcast.
 *
 * @throws AdjointError `shape` where the extents differ.
 * @example vecdot(tensor([1, 2]), tensor([3, 4])) // 11
 */
export const vecdot = composite("vecdot", (x: Tensor, y: Tensor, options: { readonly axis?: number } = {}): Tensor => {
  requireOptions("vecdot", options, ["axis"]);
  const labelled = [x, y].map((tensor) => {
    const rank = rankOf(tensor, "vecdot");
    const along = axisOr(options.axis, -1, rank);
    const labels = count(rank).map((a) => (a === along ? "sum" : `batch ${rank - a - (a < along ? 1 : 0)}`));
    return { tensor, labels };
  });
  const widest = labelled[0].labels.length >= labelled[1].labels.length ? labelled[0] : labelled[1];
  return contraction(
    "vecdot",
    labelled,
    widest.labels.filter((label) => label !== "sum"),
  );
});

/**
 * x · weightᵀ + bias over the last axis: weight is [out, in], bias [out] or left out (torch.nn.functional `linear`).
 *
 * @throws AdjointError `shape` where the extents do not fit.
 * @example linear(tensor([1, 2]), tensor([[3, 4]]), tensor([5])) // [16]
 */
export const linear = composite("linear", (x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor => {
  const [m, n] = [rankOf(x, "linear"), rankOf(weight, "linear")];
  if (m < 1 || n < 1 || n > 2) fail("shape", `linear: got ranks ${m} and ${n}, expected 1 or more and 1 or 2`);
  const product = dot(x, weight, { contract: [[m - 1], [n - 1]] });
  return bias == null ? product : add(product, bias);
});

/**
 * The last two axes exchanged.
 *
 * @throws AdjointError `shape` for a rank below 2.
 * @example matrixTranspose(tensor([[1, 2], [3, 4]])) // [[1, 3], [2, 4]]
 */
export function matrixTranspose<X extends Tensor>(
  x: Checked<TransposedShape<ShapeIn<X>>, X>,
): Tensor<ResultShape<TransposedShape<ShapeIn<X>>>, OwnDType<X>>;
export function matrixTranspose(x: Tensor): Tensor {
  return asUser(matrixTranspose, () => {
    const rank = rankOf(x, "matrixTranspose");
    if (rank < 2) fail("shape", `matrixTranspose: got rank ${rank}, expected 2 or more`);
    return permuteDims(x, [...count(rank - 2), rank - 1, rank - 2]);
  });
}
