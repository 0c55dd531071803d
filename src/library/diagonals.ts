// Diagonals and triangles of matrices, which are the last two axes of a tensor.

import { apply, composite, type Tensor } from "../frontend/index.ts";
import { addDims, type Dim, fail, requireOptions, shapeOf, tensorType } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { sum, where } from "./array/index.ts";
import { diagonalOf } from "./diagonal-of.ts";
import { rankOf, requireInteger } from "./shapes.ts";

export interface OffsetOptions {
  /** Which diagonal: 0 the main one, which is taken where left out, 1 the one above it, -1 the one below. */
  readonly offset?: number;
}

function offsetOf(options: OffsetOptions, where: string): number {
  requireOptions(where, options, ["offset"]);
  return requireInteger(options.offset ?? 0, `${where}: the offset`);
}

function requireMatrix(x: Tensor, where: string): void {
  const rank = rankOf(x, where);
  if (rank < 2) fail("shape", `${where}: got rank ${rank}, expected 2 or more`);
}

/**
 * The diagonal of the last two axes, as the last axis (Python array API `linalg.diagonal`).
 *
 * @throws AdjointError `shape` for a rank below 2.
 * @example diagonal(tensor([[1, 2], [3, 4]])) // [1, 4]
 */
export const diagonal = composite("diagonal", (x: Tensor, options: OffsetOptions = {}): Tensor => {
  requireMatrix(x, "diagonal");
  return diagonalOf(x, offsetOf(options, "diagonal"));
});

/**
 * The diagonal of a matrix; of a vector, the square matrix that has it as its diagonal and zeros elsewhere.
 *
 * @throws AdjointError `shape` for a rank that is neither 1 nor 2.
 * @example diag(tensor([1, 2])) // [[1, 0], [0, 2]]
 */
export const diag = composite("diag", (x: Tensor, options: OffsetOptions = {}): Tensor => {
  const rank = rankOf(x, "diag");
  const offset = offsetOf(options, "diag");
  if (rank === 2) return diagonalOf(x, offset);
  if (rank !== 1) fail("shape", `diag: got rank ${rank}, expected 1 or 2`, { hint: "diagonal takes batches" });
  return apply(diag, [x], (v) => {
    const [n] = shapeOf(v);
    const size = addDims(n, Math.abs(offset));
    const padded = ops.pad(v, { low: [Math.max(offset, 0)], high: [Math.max(-offset, 0)] });
    const rows = ops.broadcast(padded, [size, size], [1]);
    return [ops.select(onBand(size, size, offset, "eq"), rows, ops.zerosLike(rows))];
  })[0];
});

/** Whether column - row stands to `offset` as the direction says. */
function onBand(rows: Dim, columns: Dim, offset: number, direction: ops.Direction) {
  const type = tensorType("i32", [rows, columns]);
  const [row, column] = [ops.iota(type, 0), ops.iota(type, 1)];
  return ops.compare(column, offset === 0 ? row : ops.add(row, ops.constant(offset, type)), direction);
}

/**
 * The sum of the diagonal of the last two axes.
 *
 * @throws AdjointError `shape` for a rank below 2.
 * @example trace(tensor([[1, 2], [3, 4]])) // 5
 */
export const trace = composite("trace", (x: Tensor, options: OffsetOptions = {}): Tensor => {
  requireMatrix(x, "trace");
  return sum(diagonalOf(x, offsetOf(options, "trace")), { axes: -1 });
});

export interface TriangleOptions {
  /** The diagonal that bounds what is kept: 0 the main one, which is taken where left out, 1 the one above it. */
  readonly k?: number;
}

/** @__NO_SIDE_EFFECTS__ */
function triangle(name: "tril" | "triu", direction: ops.Direction) {
  return composite(name, (x: Tensor, options: TriangleOptions = {}): Tensor => {
    requireMatrix(x, name);
    requireOptions(name, options, ["k"]);
    const k = requireInteger(options.k ?? 0, `${name}: option 'k'`);
    const kept = apply(tril, [x], (v) => {
      const [rows, columns] = shapeOf(v).slice(-2);
      return [onBand(rows, columns, k, direction)];
    })[0];
    return where(kept, x, x.dtype === "bool" ? false : 0);
  });
}

/**
 * The elements of the last two axes on the diagonal `k` and below; zeros elsewhere.
 *
 * @throws AdjointError `shape` for a rank below 2.
 * @example tril(tensor([[1, 2], [3, 4]])) // [[1, 0], [3, 4]]
 */
export const tril = triangle("tril", "le");

/**
 * The elements of the last two axes on the diagonal `k` and above; zeros elsewhere.
 *
 * @throws AdjointError `shape` for a rank below 2.
 * @example triu(tensor([[1, 2], [3, 4]])) // [[1, 2], [0, 4]]
 */
export const triu = triangle("triu", "ge");
