// Factorizations of matrices: Cholesky's of symmetric ones, and LU with row exchanges.

import {
  addDims,
  allocate,
  type Batched,
  dtypes,
  type EvalContext,
  emit,
  type FlowContext,
  type ForwardContext,
  indexDim,
  type NdArray,
  type ProcedureContext,
  type Pullback,
  type ReverseContext,
  type StructuredBatchContext,
  sizeOf,
  type Tangents,
  type TensorType,
  tensorType,
  type Value,
} from "../../ir/index.ts";
import { constant, indexValue } from "../base/constant.ts";
import { defineOp, emit1, tensorOf } from "../base/define.ts";
import { cast, compare, not } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { ifElse } from "../control/control.ts";
import { each, forLoop, loopNest } from "../loop/loop.ts";
import { add, div, mul, sub } from "../scalar/arithmetic.ts";
import { or } from "../scalar/bits.ts";
import { sqrt } from "../scalar/roots.ts";
import { abs, isNan } from "../scalar/rounding.ts";
import { broadcast, withBatchAxis } from "../shape/reduce.ts";
import { addAlong, elementsAlong } from "../window/window-elements.ts";
import { identity, lowerHalf, mirrored, product, transposed, triangle } from "./triangles.ts";
import { requireSquare, triangularSolve } from "./triangular-solve.ts";

// ---- cholesky -------------------------------------------------------------------------------------------------------

export const choleskyOp = defineOp({
  name: "cholesky",
  summary: "The lower triangular factor of a symmetric positive definite matrix.",
  operands: [{ name: "a" }],
  types(x) {
    const a = requireSquare(x, 0);
    return [a ?? x.operands[0]];
  },
  eval: (x) => [evalCholesky(x)],
  derivative: {
    kind: "rule",
    vjp({ result: l, cotangent }) {
      // I. Murray, "Differentiation of the Cholesky decomposition" (2016)
      const inner = lowerHalf(product(transposed(l), cotangent));
      const left = triangularSolve(l, inner, { transpose: true });
      const full = transposed(triangularSolve(l, transposed(left), { transpose: true }));
      return [sub(add(triangle(full, "le"), triangle(transposed(full), "le")), triangle(full, "eq"))];
    },
    jvp({ result: l, tangents: [da] }) {
      if (da === null) return null;
      const left = triangularSolve(l, mirrored(da));
      return product(l, lowerHalf(transposed(triangularSolve(l, transposed(left)))));
    },
  },
  batching: { kind: "rule", batch: ({ operands: [a] }) => [cholesky(a)] },
  lowering: { kind: "procedure", run: lowerCholesky },
  docs: {
    semantics:
      "The lower triangular matrix l with a positive diagonal for which l · lᵀ = a, for each matrix along the leading axes. Only the lower triangle of a is read. The rows are computed one after the other: for each element, the products of elements of l that are known already are subtracted from the element of a in ascending order, each rounded; what is left is divided by the diagonal element of its column, and on the diagonal its square root is taken. The result has NaN where a is not positive definite.",
    constraints: ["a has square matrices of floats in its last two axes"],
    example: `func @main(%a: f64[2, 2]) -> f64[2, 2] {
  %l = cholesky %a : f64[2, 2]
  return %l
}
// run: @main([[4, 99], [2, 10]]) == [[2, 0], [1, 3]]
`,
  },
});

/** The lower triangular factor of a; see the op. */
export function cholesky(a: Value): Value {
  return emit1(choleskyOp, [a]);
}

function evalCholesky(cx: EvalContext): NdArray {
  const [a] = cx.operands;
  const n = a.shape[a.shape.length - 1];
  const { round } = dtypes[a.dtype];
  const result = allocate(a.dtype, a.shape);
  for (let batch = 0; batch < sizeOf(a.shape.slice(0, -2)); batch++) {
    const l = result.data.subarray(batch * n * n, (batch + 1) * n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let rest = a.data[batch * n * n + i * n + j];
        for (let k = 0; k < j; k++) rest = round(rest - round(l[i * n + k] * l[j * n + k]));
        l[i * n + j] = i === j ? Math.sqrt(rest) : round(rest / l[j * n + j]);
      }
    }
  }
  return result;
}

function lowerCholesky(cx: ProcedureContext): void {
  const { dtype, shape } = tensorOf(cx.operation.operands[0]);
  const n = shape[shape.length - 1];
  loopNest(shape.slice(0, -2), ["b", "c", "d"], (batch) => {
    const l = (i: typeof n, j: typeof n): Value => cx.written(0, [...batch, i, j]);
    const rest = (i: typeof n, j: typeof n): Value =>
      forLoop(
        0,
        j,
        1,
        [cx.element(0, [...batch, i, j])],
        (k, acc) => [sub(acc, mul(l(i, indexDim(k)), l(j, indexDim(k))))],
        ["k", "rest"],
      )[0];
    each(0, n, "i", (i) => {
      each(0, i, "j", (j) => cx.write(0, [...batch, i, j], div(rest(i, j), l(j, j))));
      cx.write(0, [...batch, i, i], sqrt(rest(i, i)));
      each(addDims(i, 1), n, "j", (j) => cx.write(0, [...batch, i, j], constant(0, tensorType(dtype))));
    });
  });
}

// ---- lu -------------------------------------------------------------------------------------------------------------

export const luOp = defineOp({
  name: "lu",
  summary: "A matrix with exchanged rows as a lower times an upper triangular one.",
  operands: [{ name: "a" }],
  types(x) {
    const a = requireSquare(x, 0);
    if (a === null) return [x.operands[0], x.operands[0]];
    return [a, tensorType("i32", a.shape.slice(0, -1))];
  },
  eval: evalLu,
  derivative: { kind: "structured", flows: flowsOfLu, linearIn: () => [], reverse: reverseLu, forward: forwardLu },
  batching: { kind: "structured", batch: batchLu },
  lowering: { kind: "procedure", run: lowerLu },
  docs: {
    semantics:
      "Gaussian elimination with partial pivoting, for each matrix along the leading axes. The first result holds both factors in one matrix: the upper triangle with its diagonal, and below it the lower triangle, whose diagonal of ones is not stored. The second result is the i32 permutation p of the rows: row i of lower · upper is row p[i] of a. The columns are eliminated one after the other: the pivot is the element of largest absolute value on the diagonal or below it (the first of several, or the first NaN), its row is exchanged with the row of the diagonal, and multiples of it are subtracted from the rows below, each product and difference rounded. A column whose pivot is 0 is left as it is; a matrix with one, a singular matrix, has no derivative: it is not finite.",
    constraints: ["a has square matrices of floats in its last two axes"],
    example: `func @main(%a: f64[2, 2]) -> (f64[2, 2], i32[2]) {
  %lu, %p = lu %a : f64[2, 2], i32[2]
  return %lu, %p
}
// run: @main([[1, 3], [2, 4]]) == ([[2, 4], [0.5, 1]], [1, 0])
`,
  },
});

/** Both triangles of a with exchanged rows, and which rows those are; see the op. */
export function lu(a: Value): readonly [lu: Value, permutation: Value] {
  const [packed, permutation] = emit(luOp, [a]);
  return [packed, permutation];
}

function evalLu(cx: EvalContext): readonly NdArray[] {
  const [a] = cx.operands;
  const n = a.shape[a.shape.length - 1];
  const { round } = dtypes[a.dtype];
  const packed = { ...a, data: a.data.slice() };
  const permutation = allocate("i32", a.shape.slice(0, -1));
  for (let batch = 0; batch < sizeOf(a.shape.slice(0, -2)); batch++) {
    const m = packed.data.subarray(batch * n * n, (batch + 1) * n * n);
    const p = permutation.data.subarray(batch * n, (batch + 1) * n);
    for (let i = 0; i < n; i++) p[i] = i;
    for (let k = 0; k < n; k++) {
      let pivot = k;
      for (let i = k + 1; i < n; i++) {
        const [size, best] = [Math.abs(m[i * n + k]), Math.abs(m[pivot * n + k])];
        if (size > best || (Number.isNaN(size) && !Number.isNaN(best))) pivot = i;
      }
      for (let j = 0; j < n; j++) [m[k * n + j], m[pivot * n + j]] = [m[pivot * n + j], m[k * n + j]];
      [p[k], p[pivot]] = [p[pivot], p[k]];
      if (m[k * n + k] === 0) continue;
      for (let i = k + 1; i < n; i++) {
        const factor = round(m[i * n + k] / m[k * n + k]);
        m[i * n + k] = factor;
        for (let j = k + 1; j < n; j++) m[i * n + j] = round(m[i * n + j] - round(factor * m[k * n + j]));
      }
    }
  }
  return [packed, permutation];
}

function lowerLu(cx: ProcedureContext): void {
  const { dtype, shape } = tensorOf(cx.operation.operands[0]);
  const n = shape[shape.length - 1];
  type Index = typeof n;
  const zero = constant(0, tensorType(dtype));
  loopNest(shape.slice(0, -2), ["b", "c", "d"], (batch) => {
    const m = (i: Index, j: Index): Value => cx.written(0, [...batch, i, j]);
    const set = (i: Index, j: Index, v: Value): void => cx.write(0, [...batch, i, j], v);
    const p = (i: Index): Value => cx.written(1, [...batch, i]);
    each(0, n, "i", (i) => {
      each(0, n, "j", (j) => set(i, j, cx.element(0, [...batch, i, j])));
      cx.write(1, [...batch, i], cast(indexValue(i), "i32"));
    });
    each(0, n, "k", (k) => {
      const pivot = pivotOf(m, k, n);
      each(0, n, "j", (j) => {
        const [own, other] = [m(k, j), m(pivot, j)];
        set(k, j, other);
        set(pivot, j, own);
      });
      const [own, other] = [p(k), p(pivot)];
      cx.write(1, [...batch, k], other);
      cx.write(1, [...batch, pivot], own);
      const divisor = m(k, k);
      ifElse(
        compare(divisor, zero, "ne"),
        () => {
          each(addDims(k, 1), n, "i", (i) => {
            const factor = div(m(i, k), divisor);
            set(i, k, factor);
            each(addDims(k, 1), n, "j", (j) => set(i, j, sub(m(i, j), mul(factor, m(k, j)))));
          });
          return [];
        },
        () => [],
      );
    });
  });
}

type Element = (i: ReturnType<typeof indexDim>, j: ReturnType<typeof indexDim>) => Value;

/** The row, from k down, whose element of column k is largest. */
function pivotOf(m: Element, k: ReturnType<typeof indexDim>, n: ReturnType<typeof indexDim>) {
  const size = (i: typeof k): Value => abs(m(i, k));
  const [row] = forLoop(
    addDims(k, 1),
    n,
    1,
    [indexValue(k), size(k)],
    (i, pivot, best) => {
      const own = size(indexDim(i));
      const isNewNan = select(isNan(own), not(isNan(best)), constant(false, tensorType("bool")));
      const isBetter = or(compare(own, best, "gt"), isNewNan);
      return [select(isBetter, i, pivot), select(isBetter, own, best)];
    },
    ["i", "pivot", "best"],
  );
  return indexDim(row);
}

/** The triangles of what lu gives: the lower one with its ones. */
export function trianglesOf(packed: Value): readonly [lower: Value, upper: Value] {
  return [add(triangle(packed, "lt"), identity(packed)), triangle(packed, "ge")];
}

/** For each element of a matrix the row that a permutation names. */
export function rowsOf(permutation: Value, { shape }: TensorType): Value {
  const axes = shape.slice(0, -1).map((_, axis) => axis);
  return broadcast(permutation, shape, axes);
}

/** The rows of x in the order of a permutation. */
export function permuteRows(x: Value, permutation: Value): Value {
  const type = tensorOf(x);
  return elementsAlong(x, type.shape.length - 2, rowsOf(permutation, type));
}

function flowsOfLu(cx: FlowContext): readonly boolean[] {
  return [cx.isActive(cx.operation.operands[0]), false];
}

function reverseLu({ operation, operands: [a] }: ReverseContext): Pullback {
  const [packed, permutation] = lu(a);
  return {
    results: [packed, permutation],
    pull([cotangent]) {
      if (cotangent === null) return [];
      const type = tensorOf(packed);
      const [lower, upper] = trianglesOf(packed);
      const ofLower = triangle(product(transposed(lower), triangle(cotangent, "lt")), "lt");
      const ofUpper = triangle(product(triangle(cotangent, "ge"), transposed(upper)), "ge");
      const left = triangularSolve(packed, add(ofLower, ofUpper), { transpose: true, unit: true });
      // left · upper⁻ᵀ
      const both = transposed(triangularSolve(packed, transposed(left), { lower: false }));
      return [[operation.operands[0], addAlong(type, type.shape.length - 2, rowsOf(permutation, type), both)]];
    },
  };
}

function forwardLu({ operands: [a], tangents: [tangent] }: ForwardContext): Tangents {
  const [packed, permutation] = lu(a);
  const results = [packed, permutation];
  if (tangent === null) return { results, tangents: [null, null] };
  const [lower, upper] = trianglesOf(packed);
  const left = triangularSolve(packed, permuteRows(tangent, permutation), { unit: true });
  // left · upper⁻¹
  const inner = transposed(triangularSolve(packed, transposed(left), { lower: false, transpose: true }));
  const ofLower = triangle(product(lower, triangle(inner, "lt")), "lt");
  const ofUpper = triangle(product(triangle(inner, "ge"), upper), "ge");
  return { results, tangents: [add(ofLower, ofUpper), null] };
}

function batchLu({ operands: [a], batched, size }: StructuredBatchContext): Batched {
  return { results: lu(withBatchAxis(a, batched[0], size)), batched: [true, true] };
}
