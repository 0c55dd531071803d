// Uses of products and of what solves systems of equations.

import { type Dim, shapeOf, type Value } from "../../../ir/index.ts";
import * as ops from "../../../ops/index.ts";
import { dtypeOf, type Pool, rankOf } from "../pool.ts";
import { all, type Idiom, typeOf } from "./idiom.ts";

/** Of square matrices, and of the products of rows, which may well be singular; what comes out is not a number then, everywhere the same. */
const ofProducts =
  (make: (a: Value, x: Value, pool: Pool) => readonly Value[]): Idiom =>
  (pool) => {
    const x = pool.find(({ shape, dtype }) => shape.length === 2 && (dtype === "f64" || dtype === "f32"));
    if (x === undefined) return [];
    const isSquare = shapeOf(x)[0] === shapeOf(x)[1];
    const a = isSquare && pool.random.oneIn(2) ? x : ops.dot(x, x, { contract: { left: [1], right: [1] } });
    return make(a, isSquare && pool.random.oneIn(2) ? pool.like(typeOf(x)) : x, pool);
  };

export const cholesky = ofProducts((a) => [ops.cholesky(a)]);
export const lu = ofProducts((a) => ops.lu(a));
export const triangularSolve = ofProducts((a, x, { random }) => [
  ops.triangularSolve(a, x, { lower: random.oneIn(2), transpose: random.oneIn(2), unit: random.oneIn(3) }),
]);

/** Products along one axis, of a value with another of its type, with a matrix, or over a batch. */
export const dot: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.find(({ shape, dtype }) => shape.length > 0 && shape.length < 4 && dtype !== "bool");
  if (x === undefined) return [];
  const shape = shapeOf(x);
  const axis = random.below(shape.length);
  const batch = random.oneIn(3) ? [random.below(shape.length)].filter((a) => a !== axis) : [];
  const partner = pool.find((t, v) => t.dtype === dtypeOf(x) && v !== x && matches(t.shape, shape[axis]) >= 0);
  if (partner !== undefined && batch.length === 0 && random.oneIn(2)) {
    const other = matches(shapeOf(partner), shape[axis]);
    const free = rankOf(partner) + shape.length - 2;
    if (free < 4) return [ops.dot(x, partner, { contract: { left: [axis], right: [other] } })];
  }
  if (2 * (shape.length - 1 - batch.length) + batch.length > 3) return [];
  const second = random.oneIn(4) ? all(shape.length).filter((a) => a !== axis && !batch.includes(a)) : [];
  const contracted = random.oneIn(2) ? [axis, ...second.slice(0, 1)] : [...second.slice(0, 1), axis];
  const pairs = { contract: { left: contracted, right: contracted }, batch: { left: batch, right: batch } };
  return [ops.dot(x, pool.like(typeOf(x)), pairs)];
};

function matches(shape: readonly Dim[], extent: Dim): number {
  return shape.indexOf(extent);
}
