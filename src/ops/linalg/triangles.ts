// What linear algebra is written in: products, transposes and triangles of the last two axes, whatever axes stand before.

import { axisPairs, type TensorType, tensorType, type Value } from "../../ir/index.ts";
import { constantLike, iota } from "../base/constant.ts";
import { tensorOf } from "../base/define.ts";
import { cast, compare, type Direction } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { zerosLike } from "../base/zeros.ts";
import { dot } from "../contract/dot.ts";
import { add, mul, sub } from "../scalar/arithmetic.ts";
import { permute } from "../structural/structural.ts";

function rankOfMatrix(x: Value): number {
  return tensorOf(x).shape.length;
}

/** The last two axes exchanged. */
export function transposed(x: Value): Value {
  const rank = rankOfMatrix(x);
  const order = Array.from({ length: rank }, (_, i) => i);
  return permute(x, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** The product of matrices, batch by batch. */
export function product(x: Value, y: Value): Value {
  const rank = rankOfMatrix(x);
  const batch = Array.from({ length: rank - 2 }, (_, i) => i);
  return dot(x, y, { batch: axisPairs(batch, batch), contract: axisPairs([rank - 1], [rank - 2]) });
}

/** Where column relates to row as named: `le` is the lower triangle with the diagonal. */
function mask({ shape }: TensorType, direction: Direction): Value {
  const subscripts = tensorType("i32", shape);
  return compare(iota(subscripts, shape.length - 1), iota(subscripts, shape.length - 2), direction);
}

/** The elements where column relates to row as named; 0 elsewhere. */
export function triangle(x: Value, direction: Direction): Value {
  return select(mask(tensorOf(x), direction), x, zerosLike(x));
}

/** 1 on the diagonal. */
export function identity(like: Value): Value {
  return cast(mask(tensorOf(like), "eq"), tensorOf(like).dtype);
}

/** The lower triangle with half of the diagonal. */
export function lowerHalf(x: Value): Value {
  return sub(triangle(x, "le"), mul(triangle(x, "eq"), constantLike(0.5, x)));
}

/** The symmetric matrix with the lower triangle of x. */
export function mirrored(x: Value): Value {
  return add(triangle(x, "le"), transposed(triangle(x, "lt")));
}
