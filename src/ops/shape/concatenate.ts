// Tensors one behind the other along an axis; the transpose takes them apart again.

import {
  type AttributesOf,
  addDims,
  allocate,
  type BatchContext,
  type Dim,
  type EvalContext,
  type LowerContext,
  type NdArray,
  type Operation,
  type Part,
  printShape,
  rankedOf,
  sizeOf,
  subDims,
  type TypeContext,
  tensorType,
  type Value,
} from "../../ir/index.ts";
import { indexValue } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, requireTensor, tensorOf } from "../base/define.ts";
import { compare } from "../base/elementwise.ts";
import { ifElse } from "../control/control.ts";
import { inAnyOfItsRank } from "../varying.ts";
import { withAxisBehind, withBatchAxis } from "./reduce.ts";
import { slice } from "./slicing.ts";

const concatenateAttributes = {
  axis: { kind: "integer", holds: "axis", default: 0, summary: "the axis along which they stand" },
} as const;

type ConcatenateAttributes = AttributesOf<typeof concatenateAttributes>;

export const concatenateOp = defineOp({
  name: "concatenate",
  summary: "Tensors one behind the other along an axis.",
  operands: [{ name: "tensors", variadic: true }],
  groups: ["tensors"],
  attributes: concatenateAttributes,
  traits: { moves: true },
  types: (x) => [concatenateType(x)],
  eval: (x) => [evalConcatenate(x)],
  varies: inAnyOfItsRank,
  derivative: {
    kind: "linear",
    transpose: ({ operation, operands, cotangent, wanted }) => {
      const axis = operation.attributes.axis;
      const offsets = offsetsAlong(operands, axis);
      return operands.map((x, i) => (wanted[i] ? piece(cotangent, tensorOf(x).shape, axis, offsets[i]) : null));
    },
  },
  batching: {
    kind: "rule",
    batch: batchConcatenate,
    behind: {
      takes: () => true,
      batch({ operation, operands, batched, size }) {
        const all = operands.map((v, i) => withAxisBehind(v, batched[i], size));
        return [concatenate(all, operation.attributes.axis)];
      },
    },
  },
  lowering: { kind: "element", element: elementOfConcatenate, pieces: piecesOfConcatenate },
  docs: {
    semantics: "Along the axis, first the elements of the first tensor, then those of the second, and so on.",
    constraints: ["at least one tensor", "one dtype and rank", "all other extents agree"],
    example: `func @main(%x: f64[2, 1], %y: f64[2, 2]) -> f64[2, 3] {
  %c = concatenate %x, %y, axis = 1 : f64[2, 3]
  return %c
}
// run: @main([[1], [4]], [[2, 3], [5, 6]]) == [[1, 2, 3], [4, 5, 6]]
`,
  },
});

function concatenateType(cx: TypeContext<ConcatenateAttributes>) {
  if (cx.operands.length === 0) cx.fail("arity", "got no tensors, expected at least one");
  const types = cx.operands.map((_, i) => requireTensor(cx, i));
  const dtype = dtypeOf(types[0]);
  for (const [i, type] of types.entries()) {
    if (dtypeOf(type) === dtype) continue;
    cx.fail("dtype", `operand ${i} has dtype ${dtypeOf(type)}, expected ${dtype} as operand 0`, "cast one of them");
  }
  const open = types.find((t) => t.kind === "unranked");
  if (open !== undefined) return open;
  const shapes = types.map((t) => rankedOf(t).shape);
  const [first] = shapes;
  const axis = cx.attributes.axis;
  if (axis < 0 || axis >= first.length) {
    const expected = first.length === 0 ? "tensors with axes, got rank 0" : `0 to ${first.length - 1}`;
    cx.fail("axis", `axis is ${axis}, expected ${expected}`);
  }
  return tensorType(dtype, commonShape(cx, shapes, axis));
}

/** The shape of all together; extents off the axis agree. */
function commonShape(cx: TypeContext, shapes: readonly (readonly Dim[])[], axis: number): readonly Dim[] {
  return shapes.slice(1).reduce((whole, shape, i) => {
    if (shape.length !== whole.length) {
      cx.fail("shape", `operand ${i + 1} has shape ${printShape(shape)}, expected rank ${whole.length} as operand 0`);
    }
    return whole.map((d, a) =>
      a === axis ? addDims(d, shape[a]) : cx.equal(shape[a], d, `axis ${a} of operand ${i + 1}`),
    );
  }, shapes[0]);
}

function evalConcatenate(cx: EvalContext<ConcatenateAttributes>): NdArray {
  const shape = cx.shape(cx.operation.results[0].type);
  const axis = cx.attributes.axis;
  const result = allocate(cx.operands[0].dtype, shape);
  const row = sizeOf(shape.slice(axis));
  let offset = 0;
  for (const source of cx.operands) {
    const run = sizeOf(source.shape.slice(axis));
    for (let from = 0, to = offset; from < source.data.length; from += run, to += row) {
      result.data.set(source.data.subarray(from, from + run), to);
    }
    offset += run;
  }
  return result;
}

/** Where each tensor begins along the axis, and at last where all end. */
function offsetsAlong(operands: readonly Value[], axis: number): readonly Dim[] {
  const offsets: Dim[] = [0];
  for (const x of operands) offsets.push(addDims(offsets[offsets.length - 1], tensorOf(x).shape[axis]));
  return offsets;
}

function piece(x: Value, shape: readonly Dim[], axis: number, offset: Dim): Value {
  return slice(x, {
    start: shape.map((_, a) => (a === axis ? offset : 0)),
    limit: shape.map((d, a) => (a === axis ? addDims(offset, d) : d)),
  });
}

function batchConcatenate({
  operation,
  operands,
  batched,
  size,
}: BatchContext<ConcatenateAttributes>): readonly Value[] {
  const all = operands.map((v, i) => withBatchAxis(v, batched[i], size));
  return [concatenate(all, operation.attributes.axis + 1)];
}

// ---- lowering -------------------------------------------------------------------------------------------------------

/** Halves the tensors until the one that the subscript falls in is found: each element takes few comparisons. */
function elementOfConcatenate(cx: LowerContext<ConcatenateAttributes>, at: readonly Dim[]): Value {
  const axis = cx.operation.attributes.axis;
  const offsets = offsetsAlong(cx.operation.operands, axis);
  const among = (from: number, to: number): Value => {
    if (to - from === 1)
      return cx.element(
        from,
        at.map((d, a) => (a === axis ? subDims(d, offsets[from]) : d)),
      );
    const middle = (from + to) >> 1;
    const [place, border] = [at[axis], offsets[middle]];
    if (typeof place === "number" && typeof border === "number") {
      return place < border ? among(from, middle) : among(middle, to);
    }
    const isBefore = compare(indexValue(at[axis]), indexValue(offsets[middle]), "lt");
    return ifElse(
      isBefore,
      () => [among(from, middle)],
      () => [among(middle, to)],
    )[0];
  };
  return among(0, cx.operation.operands.length);
}

/** One part per tensor. */
function piecesOfConcatenate(operation: Operation<ConcatenateAttributes>): readonly Part[] {
  const axis = operation.attributes.axis;
  const offsets = offsetsAlong(operation.operands, axis);
  return operation.operands.map((v, i) => ({
    shape: tensorOf(v).shape,
    position: (at) => at.map((d, a) => (a === axis ? addDims(d, offsets[i]) : d)),
    element: (x, at) => x.element(i, at),
  }));
}

/** The tensors one behind the other; the tensor itself where there is one. */
export function concatenate(tensors: readonly Value[], axis = 0): Value {
  return tensors.length === 1 ? tensors[0] : emit1(concatenateOp, tensors, { attributes: { axis } });
}
