// The diagonal of a matrix, moved rather than computed: what functions of diagonals and contractions take.

import { apply, type Tensor } from "../frontend/index.ts";
import { addDims, type Dim, minDims, mulDims, shapeOf, subDims, tensorType } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { permuteDims } from "./array/index.ts";
import { otherAxes } from "./shapes.ts";

/**
 * The diagonal of the last two axes. In a square of n rows followed by n more elements, rows of n + 1 elements begin with
 * the diagonal: moved, not computed, and linear in the size.
 */
export function diagonalOf(x: Tensor, offset: number): Tensor {
  return apply(diagonalOf, [x], (v) => {
    const shape = shapeOf(v);
    const [rows, columns] = shape.slice(-2);
    const batch = shape.slice(0, -2);
    const from = [...batch.map(() => 0), Math.max(-offset, 0), Math.max(offset, 0)];
    const [height, width] = [subDims(rows, from[batch.length]), subDims(columns, from[batch.length + 1])];
    const n = atLeastZero(minDims(height, width));
    if (n === 0) return [ops.zeros(tensorType(x.dtype, [...batch, 0]))];
    const limit = [...batch, addDims(from[batch.length], n), addDims(from[batch.length + 1], n)];
    const square = ops.slice(v, { start: from, limit });
    const flat = ops.reshape(square, [...batch, mulDims(n, n)]);
    const none = batch.map(() => 0);
    const longer = ops.pad(flat, { low: [...none, 0], high: [...none, n] });
    const wide = ops.reshape(longer, [...batch, n, addDims(n, 1)]);
    const first = ops.slice(wide, { start: [...none, 0, 0], limit: [...batch, n, 1] });
    return [ops.reshape(first, [...batch, n])];
  })[0];
}

const atLeastZero = (d: Dim): Dim => (typeof d === "number" ? Math.max(d, 0) : d);

/** The diagonal of two axes, last. */
export function diagonalAlong(x: Tensor, first: number, second: number): Tensor {
  const rank = x.rank;
  const order = [...otherAxes(rank, [first, second]), first, second];
  return diagonalOf(order.every((a, i) => a === i) ? x : permuteDims(x, order), 0);
}
