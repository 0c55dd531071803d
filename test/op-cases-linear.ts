// Lines of the table of ops: sorting, random bits, factorizations and triangular systems.

import { type Dim, type TensorType, tensorType, type Value } from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import type { OpCase } from "./op-cases.ts";

const f64 = (...shape: Dim[]): TensorType => tensorType("f64", shape);
const i32 = (...shape: Dim[]): TensorType => tensorType("i32", shape);

/** The shape of the keys, the axis and whether the largest comes first. */
const orders: readonly (readonly [readonly number[], number, boolean])[] = [
  [[5], 0, false],
  [[4], 0, true],
  [[3, 2], 0, false],
  [[2, 3], 1, true],
  [[2, 3, 2], 1, false],
  [[1], 0, true],
  [[0], 0, false],
  [[2, 0], 1, false],
  [[0, 2], 1, true],
  [[1, 3], 0, false],
];

/** The shapes of a matrix; all have square ones in the last two axes. */
const matrices: readonly (readonly number[])[] = [
  [3, 3],
  [2, 2, 2],
  [2, 1, 3, 3],
  [1, 1],
  [0, 0],
  [0, 2, 2],
  [2, 0, 0],
];

/** The matrix with what keeps it far from singular on the diagonal, or on the other one. */
function lifted(x: Value, crosswise = false): Value {
  const { shape } = x.type as TensorType;
  const [rank, n] = [shape.length, Number(shape[shape.length - 1])];
  const index = (axis: number): Value => ops.iota(i32(...shape), axis);
  const column = index(rank - 1);
  const at = crosswise ? ops.sub(ops.constantLike(n - 1, column), column) : column;
  return ops.select(ops.compare(index(rank - 2), at, "eq"), ops.add(ops.abs(x), ops.constantLike(2 * n, x)), x);
}

const systems: readonly ops.TriangularOptions[] = [true, false].flatMap((lower) =>
  [false, true].flatMap((transpose) => [false, true].map((unit) => ({ lower, transpose, unit }))),
);

/** The shape of the matrix and the columns of the right side. */
const sides: readonly (readonly [readonly number[], number])[] = [
  [[3, 3], 2],
  [[2, 2, 2], 1],
  [[1, 1], 3],
  [[2, 2], 0],
  [[0, 0], 2],
  [[0, 2, 2], 1],
];

export const linearCases: readonly OpCase[] = [
  ...orders.map(([shape, axis, descending]) => ({
    name: `sort along ${axis} of ${shape}${descending ? ", descending" : ""}`,
    types: [f64(...shape)],
    build: (x: Value) => ops.sort([x], { axis, descending })[0],
  })),
  {
    name: "sort with payload",
    types: [f64(4), f64(4), i32(4)],
    build: (...x) => ops.sort(x, { axis: 0 })[1],
  },
  {
    name: "sort in a product",
    types: [f64(2, 3), f64(2, 3)],
    build: (x, y) => {
      const [keys, moved] = ops.sort([x, ops.mul(x, y)], { axis: 1 });
      return ops.mul(ops.mul(keys, keys), moved);
    },
  },
  {
    name: "rng_bits in a product",
    types: [f64(2, 3), tensorType("u32", [2])],
    build: (x, key) => ops.mul(x, ops.cast(ops.shiftRight(ops.rngBits(key, [2, 3]), bitsOf(30)), "f64")),
  },
  ...matrices.flatMap((shape) => {
    const type = f64(...shape);
    return [
      { name: `cholesky of ${shape}`, types: [type], build: (x: Value) => ops.cholesky(lifted(x)) },
      { name: `lu of ${shape}`, types: [type], build: (x: Value) => ops.lu(lifted(x))[0] },
      { name: `lu with exchanges of ${shape}`, types: [type], build: (x: Value) => ops.lu(lifted(x, true))[0] },
    ];
  }),
  ...systems.flatMap((options) =>
    sides.map(([shape, columns]) => ({
      name: `triangular_solve ${JSON.stringify(options)} of ${shape} and ${columns}`,
      types: [f64(...shape), f64(...shape.slice(0, -1), columns)],
      build: (a: Value, b: Value) => ops.triangularSolve(lifted(a), b, options),
    })),
  ),
];

function bitsOf(by: number): Value {
  return ops.constant(by, tensorType("u32", [2, 3]));
}
