// Systems of equations with a triangular matrix.

import {
  type AttributesOf,
  addDims,
  allocate,
  type BatchContext,
  type Dim,
  dtypes,
  type EvalContext,
  type NdArray,
  type ProcedureContext,
  printShape,
  shapeOf,
  sizeOf,
  subDims,
  type TensorType,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp, emit1, otherAxes, rankedOperand, tensorOf } from "../base/define.ts";
import { each, loopNest } from "../loop/loop.ts";
import { div, mul, neg, sub } from "../scalar/arithmetic.ts";
import { abs } from "../scalar/rounding.ts";
import { broadcast, reduce, withBatchAxis } from "../shape/reduce.ts";
import { product, transposed, triangle } from "./triangles.ts";

export interface TriangularOptions {
  /** Which triangle of the matrix is read. */
  readonly lower?: boolean;
  /** Solves with the transpose of the matrix. */
  readonly transpose?: boolean;
  /** Takes the diagonal for 1, and does not read it. */
  readonly unit?: boolean;
}

const triangularAttributes = {
  lower: { kind: "boolean", default: true, summary: "which triangle of a is read" },
  transpose: { kind: "boolean", default: false, summary: "solves with the transpose of a" },
  unit: { kind: "boolean", default: false, summary: "takes the diagonal for 1" },
} as const;

type TriangularAttributes = AttributesOf<typeof triangularAttributes>;

export const triangularSolveOp = defineOp({
  name: "triangular_solve",
  summary: "The solution of a system with a triangular matrix.",
  operands: [{ name: "a" }, { name: "b" }],
  attributes: triangularAttributes,
  types(x) {
    const a = requireSquare(x, 0);
    const b = rankedOperand(x, 1);
    if (a === null || b === null) return [x.operands[1]];
    if (b.dtype !== a.dtype)
      x.fail("dtype", `operand 1 has dtype ${b.dtype}, expected ${a.dtype} as operand 0`, "cast one of them");
    if (b.shape.length !== a.shape.length) {
      x.fail("shape", `operand 1 has shape ${printShape(b.shape)}, expected rank ${a.shape.length} as operand 0`);
    }
    for (const [axis, d] of b.shape.slice(0, -1).entries()) x.equal(d, a.shape[axis], `axis ${axis} of operand 1`);
    return [b];
  },
  eval: (x) => [evalTriangularSolve(x)],
  varies: ({ operands: [matrix, rows] }, result, of) =>
    of(rows).map((varies, axis) => varies || (axis < shapeOf(result).length - 2 && of(matrix)[axis])),
  derivative: {
    kind: "rule",
    vjp({ operation, operands: [a], result, cotangent, wanted }) {
      const options = operation.attributes;
      const back = triangularSolve(a, cotangent, { ...options, transpose: !options.transpose });
      const outer = options.transpose ? product(result, transposed(back)) : product(back, transposed(result));
      return [wanted[0] ? neg(part(outer, options)) : null, wanted[1] ? back : null];
    },
    met: ({ operands }, i) => (i === 1 ? largestOfColumns(operands[1]) : null),
    jvp({ operation, operands: [a], result, tangents: [da, db] }) {
      const options = operation.attributes;
      const moved = da === null ? null : part(da, options);
      const change = moved === null ? null : product(options.transpose ? transposed(moved) : moved, result);
      const right = change === null ? db : db === null ? neg(change) : sub(db, change);
      return right === null ? null : triangularSolve(a, right, options);
    },
  },
  batching: { kind: "rule", batch: batchTriangularSolve },
  lowering: { kind: "procedure", run: lowerTriangularSolve },
  docs: {
    semantics:
      "The solution x of a · x = b, or with transpose of aᵀ · x = b, for each matrix along the leading axes. Only the lower or the upper triangle of a is read; the rest counts as 0. The rows are solved one after the other, beginning with the row that has a single unknown. For each element, the products of the coefficients and the unknowns already solved are subtracted from b in ascending order, each rounded; what is left is divided by the element on the diagonal.",
    constraints: ["a has square matrices in its last two axes", "b has the leading axes and rows of a"],
    example: `func @main(%a: f64[2, 2], %b: f64[2, 1]) -> f64[2, 1] {
  %x = triangular_solve %a, %b : f64[2, 1]
  return %x
}
// run: @main([[2, 99], [1, 4]], [[2], [9]]) == [[1], [2]]
`,
  },
});

/** The largest magnitude in each column of matrices, for each of its elements. */
function largestOfColumns(matrices: Value): Value {
  const { shape } = tensorOf(matrices);
  const row = shape.length - 2;
  return broadcast(reduce(abs(matrices), { kind: "max", axes: [row] }), shape, otherAxes(shape.length, [row]));
}

/** A float operand whose last two axes are equal. */
export function requireSquare(cx: TypeContext, i: number): TensorType | null {
  const type = rankedOperand(cx, i);
  if (type === null) return null;
  const { dtype, shape } = type;
  if (dtypes[dtype].kind !== "float")
    cx.fail("dtype", `operand ${i} has dtype ${dtype}, expected f32 or f64`, "cast it");
  if (shape.length < 2)
    cx.fail("shape", `operand ${i} has shape ${printShape(shape)}, expected matrices in its last two axes`);
  const last = shape.length - 1;
  cx.equal(shape[last], shape[last - 1], `axis ${last} of operand ${i}, which has square matrices,`);
  return type;
}

/** What of a matrix is read. */
function part(x: Value, { lower, unit }: Required<TriangularOptions>): Value {
  return triangle(x, lower ? (unit ? "lt" : "le") : unit ? "gt" : "ge");
}

/** x with a · x = b; see the op. */
export function triangularSolve(a: Value, b: Value, options: TriangularOptions = {}): Value {
  const { lower = true, transpose = false, unit = false } = options;
  return emit1(triangularSolveOp, [a, b], { attributes: { lower, transpose, unit } });
}

function evalTriangularSolve(cx: EvalContext<TriangularAttributes>): NdArray {
  const { lower, transpose, unit } = cx.operation.attributes;
  const [a, b] = cx.operands;
  const [n, m] = b.shape.slice(-2);
  const { round } = dtypes[b.dtype];
  const result = allocate(b.dtype, b.shape);
  const { data } = result;
  const isForward = lower !== transpose;
  for (let batch = 0; batch < sizeOf(b.shape.slice(0, -2)); batch++) {
    const at = (i: number, j: number): number => a.data[batch * n * n + (transpose ? j * n + i : i * n + j)];
    for (let step = 0; step < n; step++) {
      const i = isForward ? step : n - 1 - step;
      for (let c = 0; c < m; c++) {
        const own = (batch * n + i) * m + c;
        let rest = b.data[own];
        for (let j = isForward ? 0 : i + 1; j < (isForward ? i : n); j++) {
          rest = round(rest - round(at(i, j) * data[(batch * n + j) * m + c]));
        }
        data[own] = unit ? rest : round(rest / at(i, i));
      }
    }
  }
  return result;
}

/** Row after row; within one, whole rows are subtracted, so that the innermost loop is contiguous. */
function lowerTriangularSolve(cx: ProcedureContext<TriangularAttributes>): void {
  const { lower, transpose, unit } = cx.operation.attributes;
  const { shape } = tensorOf(cx.operation.operands[1]);
  const [n, m] = shape.slice(-2);
  const isForward = lower !== transpose;
  loopNest(shape.slice(0, -2), ["b", "c", "d"], (batch) => {
    const a = (i: Dim, j: Dim): Value => cx.element(0, [...batch, ...(transpose ? [j, i] : [i, j])]);
    each(0, n, "i", (step) => {
      const i = isForward ? step : subDims(subDims(n, 1), step);
      each(0, m, "k", (k) => cx.write(0, [...batch, i, k], cx.element(1, [...batch, i, k])));
      const [from, to] = isForward ? [0, i] : [addDims(i, 1), n];
      each(from, to, "j", (j) => {
        const factor = a(i, j);
        each(0, m, "k", (k) => {
          const rest = sub(cx.written(0, [...batch, i, k]), mul(factor, cx.written(0, [...batch, j, k])));
          cx.write(0, [...batch, i, k], rest);
        });
      });
      if (unit) return;
      const diagonal = a(i, i);
      each(0, m, "k", (k) => cx.write(0, [...batch, i, k], div(cx.written(0, [...batch, i, k]), diagonal)));
    });
  });
}

function batchTriangularSolve({
  operation,
  operands,
  batched,
  size,
}: BatchContext<TriangularAttributes>): readonly Value[] {
  const [a, b] = operands.map((v, i) => withBatchAxis(v, batched[i], size));
  return [triangularSolve(a, b, operation.attributes)];
}
