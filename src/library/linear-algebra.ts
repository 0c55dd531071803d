// Linear algebra: factorizations, systems of equations and what follows from them. Matrices are the last two axes.

import { apply, applyContracting, axisOr, composite, type Tensor } from "../frontend/index.ts";
import {
  counted,
  currentBlock,
  type Dim,
  fail,
  mulDims,
  printShape,
  requireOptions,
  shapeOf,
  type Value,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { expandDims, mul, permuteDims, squeeze, sub } from "./array/index.ts";
import { roll } from "./layout.ts";
import { matmul } from "./products.ts";
import { rankOf, requireFloat, requireInteger, requireSquare } from "./shapes.ts";

function swapLast(x: Tensor): Tensor {
  const order = shapeOf(x).map((_, i) => i);
  return permuteDims(x, [...order.slice(0, -2), order.length - 1, order.length - 2]);
}

export interface CholeskyOptions {
  /** The upper factor u, with uᵀ · u = x. */
  readonly upper?: boolean;
}

/**
 * The lower triangular l with l · lᵀ = x, of a symmetric positive definite x, of which the lower triangle is read. NaN where
 * it is not positive definite; where it is only semidefinite the factor has no derivative, and that is NaN.
 *
 * @throws AdjointError `dtype` for integers, `shape` for what are no square matrices.
 * @example cholesky(tensor([[4, 2], [2, 10]])) // [[2, 0], [1, 3]]
 */
export const cholesky = composite("cholesky", (x: Tensor, options: CholeskyOptions = {}): Tensor => {
  requireOptions("cholesky", options, ["upper"]);
  requireSquare(x, "cholesky");
  const [lower] = applyContracting(cholesky, [x], (v) => [ops.cholesky(v)]);
  return options.upper === true ? swapLast(lower) : lower;
});

export interface LuFactors {
  /** Lower triangular, with ones on the diagonal. */
  readonly lower: Tensor;
  readonly upper: Tensor;
  /** i32: row i of the product is row permutation[i] of the matrix. */
  readonly permutation: Tensor;
}

/**
 * The triangular factors of a matrix with exchanged rows, the largest element of what is left of a column on the diagonal.
 * Those of a singular matrix have no derivative: it is NaN or infinite.
 *
 * @throws AdjointError `dtype` for integers, `shape` for what are no square matrices.
 * @example lu(tensor([[1, 3], [2, 4]])).upper // [[2, 4], [0, 1]]
 */
export const lu = composite("lu", (x: Tensor): LuFactors => {
  requireSquare(x, "lu");
  const [lower, upper, permutation] = applyContracting(lu, [x], (v) => {
    const [packed, rows] = ops.lu(v);
    return [...ops.trianglesOf(packed), rows];
  });
  return { lower, upper, permutation };
});

export interface TriangularSolveOptions extends ops.TriangularOptions {}

/**
 * The x with a · x = b: b is a vector or the columns of matrices, and the axes before the matrices broadcast (Python
 * array API `linalg.solve`). By LU factorization with row exchanges; a singular matrix has no solution
 * of this kind: it gives infinities or NaN, and derivatives likewise.
 *
 * @throws AdjointError `dtype` for integers and where dtypes differ, `shape` where the shapes do not fit.
 * @example solve(tensor([[2, 0], [0, 4]]), tensor([2, 8])) // [1, 2]
 */
export const solve = composite("solve", (a: Tensor, b: Tensor): Tensor => {
  return solved("solve", a, b, (matrix, right, wide) => {
    // factored before it is repeated
    const [packed, permutation] = ops.lu(matrix);
    const [factors, rows] = [wide(packed), wide(right)];
    const moved = ops.permuteRows(rows, ops.broadcastTo(permutation, shapeOf(factors).slice(0, -1)));
    return ops.triangularSolve(factors, ops.triangularSolve(factors, moved, { unit: true }), { lower: false });
  });
});

/**
 * The x with a · x = b as solve has it, where a is triangular: the other triangle is not read.
 *
 * @throws AdjointError as solve.
 * @example triangularSolve(tensor([[2, 9], [1, 4]]), tensor([2, 9])) // [1, 2]
 */
export const triangularSolve = composite(
  "triangularSolve",
  (a: Tensor, b: Tensor, options: TriangularSolveOptions = {}): Tensor => {
    requireOptions("triangularSolve", options, ["lower", "transpose", "unit"]);
    return solved("triangularSolve", a, b, (matrix, right, wide) =>
      ops.triangularSolve(wide(matrix), wide(right), options),
    );
  },
);

/** What `rule` gives for matrices and right sides of columns; `wide` repeats either along the axes that the other has before. */
function solved(
  where: string,
  a: Tensor,
  b: Tensor,
  rule: (matrix: Value, right: Value, wide: (v: Value) => Value) => Value,
): Tensor {
  requireSquare(a, where);
  requireFloat(b, where);
  const isVector = rankOf(b, where) === 1;
  if (b.rank === 0) fail("shape", `${where}: the right side has rank 0, expected a vector or the columns of a matrix`);
  if (a.dtype !== b.dtype)
    fail("dtype", `${where}: the matrix is ${a.dtype} and the right side ${b.dtype}`, { hint: "cast one of them" });
  const columns = isVector ? expandDims(b, { axis: 1 }) : b;
  const [rows, expected] = [shapeOf(columns)[columns.rank - 2], shapeOf(a)[a.rank - 1]];
  if (typeof rows === "number" && typeof expected === "number" && rows !== expected)
    fail(
      "shape",
      `${where}: the right side has ${counted(rows, "row")}, expected ${expected}, one for each of the matrix`,
    );
  const [x] = applyContracting(solved, [a, columns], (matrix, right) => {
    const shared = sharedAxes(matrix, right);
    return [rule(matrix, right, (v) => ops.broadcastTo(v, [...shared, ...shapeOf(v).slice(-2)]))];
  });
  return isVector ? squeeze(x, { axes: [-1] }) : x;
}

/** The axes before those of the matrices, as they broadcast. */
function sharedAxes(...matrices: readonly Value[]): readonly Dim[] {
  const { scope, origin } = currentBlock();
  const shapes = matrices.map((v) => shapeOf(v).slice(0, -2));
  return ops.commonShape(shapes, matrices, scope, origin);
}

/**
 * The inverse matrix; a singular one has none: infinities or NaN, and derivatives likewise.
 *
 * @throws AdjointError as solve.
 * @example inverse(tensor([[2, 0], [0, 4]])) // [[0.5, 0], [0, 0.25]]
 */
export const inverse = composite("inverse", (x: Tensor): Tensor => {
  requireSquare(x, "inverse");
  const [identity] = apply(inverse, [x], (v) => [ops.identity(v)]);
  return solve(x, identity);
});

/**
 * x · x · … n times; the identity for 0, of the inverse where n is negative.
 *
 * @throws AdjointError `argument` for an n that is no integer, and as solve.
 * @example matrixPower(tensor([[1, 1], [0, 1]]), 3) // [[1, 3], [0, 1]]
 */
export const matrixPower = composite("matrixPower", (x: Tensor, n: number): Tensor => {
  requireSquare(x, "matrixPower");
  requireInteger(n, "matrixPower: n");
  let square = n < 0 ? inverse(x) : x;
  let result: Tensor | null = null;
  // by the binary digits of n
  for (let left = Math.abs(n); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = result === null ? square : matmul(result, square);
    if (left > 1) square = matmul(square, square);
  }
  return result ?? apply(matrixPower, [x], (v) => [ops.identity(v)])[0];
});

/**
 * The Kronecker product: each element of x times all of y.
 *
 * @throws AdjointError `shape` where the ranks differ.
 * @example kron(tensor([1, 2]), tensor([1, 10])) // [1, 10, 2, 20]
 */
export const kron = composite("kron", (x: Tensor, y: Tensor): Tensor => {
  const rank = rankOf(x, "kron");
  if (rankOf(y, "kron") !== rank) {
    const shapes = [x, y].map((t) => printShape(shapeOf(t)));
    fail("shape", `kron: the shapes are ${shapes.join(" and ")}, expected the same rank`);
  }
  return apply(kron, [x, y], (a, b) => {
    const [left, right] = [shapeOf(a), shapeOf(b)];
    const both = left.flatMap((d, i) => [d, right[i]]);
    const place = (v: Value, offset: number): Value =>
      ops.broadcast(
        v,
        both,
        left.map((_, i) => 2 * i + offset),
      );
    const shape = left.map((d, i) => mulDims(d, right[i]));
    return [ops.reshape(ops.mul(place(a, 0), place(b, 1)), shape)];
  })[0];
});

export interface CrossOptions {
  /** The axis of extent 3; the last where left out. */
  readonly axis?: number;
}

/**
 * The vector product along an axis of extent 3; the other axes broadcast.
 *
 * @throws AdjointError `shape` where the axis has another extent, `axis` where there is none.
 * @example cross(tensor([1, 0, 0]), tensor([0, 1, 0])) // [0, 0, 1]
 */
export const cross = composite("cross", (x: Tensor, y: Tensor, options: CrossOptions = {}): Tensor => {
  requireOptions("cross", options, ["axis"]);
  const rank = Math.max(rankOf(x, "cross"), rankOf(y, "cross"));
  const fromEnd = rank - axisOr(options.axis, -1, rank);
  const [a, b] = [x, y].map((t) => {
    const at = t.rank - fromEnd;
    const extent = shapeOf(t)[at];
    if (extent === 3) return t;
    if (typeof extent !== "number" && extent !== undefined) return ofThree(t, at);
    const shapes = [x, y].map((t) => printShape(shapeOf(t)));
    return fail("shape", `cross: the shapes are ${shapes.join(" and ")}, expected 3 on axis ${-fromEnd}`);
  });
  const turned = (t: Tensor, by: number): Tensor => roll(t, -by, { axes: t.rank - fromEnd });
  return sub(mul(turned(a, 1), turned(b, 2)), mul(turned(a, 2), turned(b, 1)));
});

/** The tensor, whose extent along an axis is 3 from here on. */
function ofThree(x: Tensor, axis: number): Tensor {
  return apply(cross, [x], (v) => {
    const { scope, origin } = currentBlock();
    const shape = shapeOf(v);
    if (scope.dims.require(shape[axis], "==", 3, origin) !== null)
      fail("shape", `cross: axis ${axis} has extent ${shape[axis]}, expected 3`);
    return [ops.slice(v, { start: shape.map(() => 0), limit: shape.with(axis, 3) })];
  })[0];
}
