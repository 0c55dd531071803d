// The cofactors of a matrix, which are the derivative of its determinant: right for singular matrices too, and written so
// that their own derivatives are.
//
// With the row exchanges p of an LU factorization, b = p·a + e has no small pivot, where e adds to each pivot that is
// small beside its row and column; e is held constant, so whatever it is, what follows holds exactly. As p·a = b·g with g = b⁻¹ p·a,
// the adjugate is adj(g) · det(b) · b⁻¹. A column of g whose pivot was not small is one of the identity, so with f the small
// ones, w the block of g in their rows and columns and x what stands above it,
//
//   adj(g) = | det(w)·1  -x·adj(w) |
//            |     0        adj(w) |
//
// and det(w) and adj(w) follow without a division by a pivot from the recurrence of U. J. J. Le Verrier and D. K. Faddeev
// (D. K. Faddeev, V. N. Faddeeva, "Computational Methods of Linear Algebra", 1963, §47), of as many steps as there are small
// pivots: none for an ordinary matrix.

import { shapeOf, tensorType, type Value } from "../../ir/index.ts";
import { constant, constantLike } from "../base/constant.ts";
import { dtypeOf, tensorOf } from "../base/define.ts";
import { cast, compare, not } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { stopGradient } from "../base/stop-gradient.ts";
import { zerosLike } from "../base/zeros.ts";
import { whileLoop } from "../control/control.ts";
import { add, div, maximum, minimum, mul, neg, sub } from "../scalar/arithmetic.ts";
import { and } from "../scalar/bits.ts";
import { abs } from "../scalar/rounding.ts";
import { broadcast, reduce, reduceSum } from "../shape/reduce.ts";
import { addAlong } from "../window/window-elements.ts";
import { lu, permuteRows, rowsOf, trianglesOf } from "./factorizations.ts";
import { identity, product, transposed, triangle } from "./triangles.ts";
import { triangularSolve } from "./triangular-solve.ts";

/** A pivot is small below this share of its row or column: derivatives of second order lose as many digits as it has. */
const small = 1e-3;

/**
 * For each matrix of the last two axes its determinant, and the determinants without a row and a column, with their signs:
 * smooth functions of the matrix, which may be differentiated as often as one likes.
 */
export function cofactors(a: Value): { readonly determinant: Value; readonly cofactors: Value } {
  const [packed, permutation] = lu(stopGradient(a));
  const rows = permuteRows(a, permutation);
  const { isSmall, addition } = repairs(stopGradient(rows), packed);
  const [lower] = trianglesOf(packed);
  const factors = lu(add(rows, product(lower, diagonalMatrix(addition))));
  const inverse = solveWith(factors, identity(a));
  const beside = adjugateBeside(isSmall, solveWith(factors, rows));
  const adjugate = product(beside.adjugate, inverse);
  const scale = mul(determinantOf(factors), parityOf(permutation, a));
  const own = mul(transposed(adjugate), overMatrix(scale, a));
  // back to the order of the rows of a
  const type = tensorOf(a);
  const back = addAlong(type, type.shape.length - 2, rowsOf(permutation, type), own);
  return { determinant: mul(scale, beside.determinant), cofactors: back };
}

/** Which pivots are small, and what is added to those. */
function repairs(rows: Value, packed: Value): { readonly isSmall: Value; readonly addition: Value } {
  const last = shapeOf(rows).length - 1;
  const [widest, tallest] = [last, last - 1].map((axis) => reduce(abs(rows), { kind: "max", axes: [axis] }));
  const pivot = diagonalOf(packed);
  const scale = minimum(widest, tallest);
  const isSmall = compare(abs(pivot), mul(scale, constantLike(small, scale)), "le");
  // any number but 0 will do where a row or a column is all 0
  const [zero, one] = [zerosLike(scale), constantLike(1, scale)];
  const other = maximum(widest, tallest);
  const orOne = select(compare(other, zero, "gt"), other, one);
  const size = select(compare(scale, zero, "gt"), scale, orOne);
  const signed = select(compare(pivot, zero, "lt"), neg(size), size);
  return { isSmall, addition: select(isSmall, signed, zero) };
}

/** Determinant and adjugate of g, whose columns are those of the identity but for the small ones. */
function adjugateBeside(isSmall: Value, g: Value): { readonly determinant: Value; readonly adjugate: Value } {
  const [inRow, inColumn] = [overRows(isSmall, g), overColumns(isSmall, g)];
  const none = zerosLike(g);
  const one = identity(g);
  const block = select(and(inRow, inColumn), g, none);
  const above = select(and(not(inRow), inColumn), g, none);
  const oneOfBlock = select(inRow, one, none);
  const [determinant, ofBlock] = leVerrier(block, oneOfBlock, isSmall);
  const others = mul(sub(one, oneOfBlock), overMatrix(determinant, g));
  return { determinant, adjugate: add(others, product(sub(oneOfBlock, above), ofBlock)) };
}

/** Determinant and adjugate of the block of w that `one` spans, with as many steps as it has rows. */
function leVerrier(w: Value, one: Value, isSmall: Value): readonly [determinant: Value, adjugate: Value] {
  const index = tensorType("i32");
  const last = shapeOf(w).length - 1;
  const size = reduceSum(cast(isSmall, "i32"), [last - 1]);
  const most = reduce(size, { kind: "max", axes: shapeOf(size).map((_, axis) => axis) });
  const start = [constant(0, index), zerosLike(w), ofBatch(1, w)] as const;
  const [, adjugate, determinant] = whileLoop(
    start,
    (step) => compare(step, most, "lt"),
    (step, n, e) => {
      const next = add(step, constantLike(1, step));
      const adjugateNext = sub(mul(one, overMatrix(e, w)), product(w, n));
      const trace = reduceSum(mul(w, transposed(adjugateNext)), [last - 1, last]);
      const batch = shapeOf(e);
      const determinantNext = div(trace, broadcast(cast(next, dtypeOf(w.type)), batch, []));
      // a smaller block of another matrix beside this one is done
      const isOpen = compare(broadcast(step, batch, []), size, "lt");
      return [next, select(overMatrix(isOpen, w), adjugateNext, n), select(isOpen, determinantNext, e)];
    },
    ["step", "adjugate", "determinant"],
  );
  return [determinant, adjugate];
}

/** The x with m · x = b, by the factors of m. */
function solveWith([packed, permutation]: readonly [Value, Value], b: Value): Value {
  return triangularSolve(packed, triangularSolve(packed, permuteRows(b, permutation), { unit: true }), {
    lower: false,
  });
}

/** The product of the pivots, with the sign of the exchanges. */
function determinantOf([packed, permutation]: readonly [Value, Value]): Value {
  const pivots = diagonalOf(packed);
  const all = reduce(pivots, { kind: "prod", axes: [shapeOf(pivots).length - 1] });
  return mul(all, parityOf(permutation, packed));
}

/** 1 or -1, of the dtype of `like`: exchanges change the sign as inversions do, pairs that stand the other way round. */
export function parityOf(permutation: Value, like: Value): Value {
  const { dtype, shape } = tensorOf(like);
  const last = shape.length - 1;
  const [left, right] = [last - 1, last].map((axis) => broadcast(permutation, shape, [...countTo(last - 1), axis]));
  const isInverted = triangle(cast(compare(right, left, "lt"), "i32"), "gt");
  const count = reduceSum(isInverted, [last - 1, last]);
  const odd = and(count, constantLike(1, count));
  const one = constantLike(1, odd);
  return cast(sub(sub(one, odd), odd), dtype);
}

// ---- vectors, matrices and what they are spread over ----------------------------------------------------------------

function diagonalOf(m: Value): Value {
  return reduceSum(triangle(m, "eq"), [shapeOf(m).length - 1]);
}

function diagonalMatrix(v: Value): Value {
  const [n] = shapeOf(v).slice(-1);
  const shape = [...shapeOf(v), n];
  return triangle(broadcast(v, shape, countTo(shape.length - 1)), "eq");
}

/** An element for each row. */
function overRows(v: Value, like: Value): Value {
  return broadcast(v, shapeOf(like), countTo(shapeOf(v).length));
}

/** An element for each column. */
function overColumns(v: Value, like: Value): Value {
  const rank = shapeOf(like).length;
  return broadcast(v, shapeOf(like), [...countTo(rank - 2), rank - 1]);
}

/** An element for each matrix. */
function overMatrix(v: Value, like: Value): Value {
  return broadcast(v, shapeOf(like), countTo(shapeOf(v).length));
}

function ofBatch(value: number, like: Value): Value {
  return constant(value, tensorType(dtypeOf(like.type), shapeOf(like).slice(0, -2)));
}

function countTo(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => i);
}
