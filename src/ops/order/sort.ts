// Sorting along an axis, with whatever has to move along.

import {
  type AttributesOf,
  addDims,
  allocate,
  type Batched,
  type Dim,
  dtypes,
  type EvalContext,
  emit,
  type FlowContext,
  type ForwardContext,
  indexDim,
  memref,
  minDims,
  mulDims,
  type NdArray,
  type Operation,
  type ProcedureContext,
  type Pullback,
  type ReverseContext,
  type StructuredBatchContext,
  scalar,
  subDims,
  type Tangents,
  tensorType,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";
import { offsetsOf, stridesOf } from "../base/arrays.ts";
import { constant, indexValue, iota } from "../base/constant.ts";
import { defineOp, dtypeOf, rankedOperand, requireAxes, tensorOf } from "../base/define.ts";
import { cast, compare, not } from "../base/elementwise.ts";
import { ifElse, whileLoop } from "../control/control.ts";
import { each, load, loopNest, store } from "../loop/loop.ts";
import { and, or } from "../scalar/bits.ts";
import { isNan } from "../scalar/rounding.ts";
import { addAlong, elementsAlong } from "../window/window-elements.ts";

export interface SortOptions {
  readonly axis: number;
  readonly descending?: boolean;
}

const sortAttributes = {
  axis: { kind: "integer", holds: "axis", default: 0, summary: "the axis along which elements move" },
  descending: { kind: "boolean", default: false, summary: "from the largest to the smallest" },
} as const;

type SortAttributes = AttributesOf<typeof sortAttributes>;

export const sortOp = defineOp({
  name: "sort",
  summary: "The elements of a tensor in order along an axis, and others moved along with them.",
  operands: [{ name: "keys" }, { name: "payload", variadic: true }],
  attributes: sortAttributes,
  types(x) {
    const [keys] = x.operands;
    if (dtypeOf(keys) === "bool") x.fail("dtype", "the keys have dtype bool, expected numbers", "cast them");
    const first = rankedOperand(x, 0);
    if (first === null) return x.operands;
    requireAxes(x, [x.attributes.axis], first.shape.length, "axis");
    return x.operands.map((type, i) => {
      const operand = rankedOperand(x, i);
      if (operand === null || operand.shape.length !== first.shape.length) {
        return x.fail(
          "shape",
          `operand ${i} has rank ${operand?.shape.length ?? "unknown"}, expected ${first.shape.length} as the keys`,
        );
      }
      const shape = operand.shape.map((d, axis) => x.equal(d, first.shape[axis], `axis ${axis} of operand ${i}`));
      return i === 0 ? type : tensorType(operand.dtype, shape);
    });
  },
  eval: evalSort,
  derivative: {
    kind: "structured",
    flows: flowsOfSort,
    // the keys say where all go
    linearIn: ({ operands }) => operands.slice(1).map((_, i) => i + 1),
    reverse: reverseSort,
    forward: forwardSort,
  },
  batching: { kind: "structured", batch: batchSort },
  lowering: { kind: "procedure", run: lowerSort },
  docs: {
    semantics:
      "Sorts the first operand, the keys, along the axis: the smallest element comes first, or with descending the largest, and NaN comes last either way. The sort is stable: elements that are equal, as 0 and -0 are, stay in their order. The other operands, the payload, are permuted in the same way: each of their elements goes where the key at its place goes.",
    constraints: ["keys are numbers", "all operands have one shape"],
    example: `func @main(%x: f64[4], %i: i32[4]) -> (f64[4], i32[4]) {
  %keys, %order = sort %x, %i : f64[4], i32[4]
  return %keys, %order
}
// run: @main([3, nan, 1, 2], [0, 1, 2, 3]) == ([1, 2, 3, nan], [2, 3, 0, 1])
`,
  },
});

/** `keys` in order along an axis, then each of the payload, moved along. */
export function sort(operands: readonly Value[], { axis, descending = false }: SortOptions): readonly Value[] {
  return emit(sortOp, operands, { attributes: { axis, descending }, names: operands.map((v) => v.name) });
}

// ---- meaning --------------------------------------------------------------------------------------------------------

function evalSort(cx: EvalContext<SortAttributes>): readonly NdArray[] {
  const { axis, descending } = cx.operation.attributes;
  const [keys] = cx.operands;
  const strides = stridesOf(keys.shape);
  const step = strides[axis];
  const sign = descending ? -1 : 1;
  const results = cx.operands.map((a) => allocate(a.dtype, a.shape));
  const rows = offsetsOf(
    keys.shape.map((n, a) => (a === axis ? 1 : n)),
    strides,
  );
  for (const start of keys.data.length === 0 ? [] : rows) {
    const key = (i: number): number => keys.data[start + i * step];
    const order = Array.from({ length: keys.shape[axis] }, (_, i) => i);
    // Array.prototype.sort is stable
    order.sort((i, j) => precedence(key(i), key(j)) * (Number.isNaN(key(i)) || Number.isNaN(key(j)) ? 1 : sign));
    for (const [place, i] of order.entries()) {
      for (const [k, a] of cx.operands.entries()) results[k].data[start + place * step] = a.data[start + i * step];
    }
  }
  return results;
}

/** Below 0 where a comes first, NaN last. */
function precedence(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}

// ---- derivative and batching ----------------------------------------------------------------------------------------

function flowsOfSort(cx: FlowContext<SortAttributes>): readonly boolean[] {
  return cx.operation.operands.map((v) => cx.isActive(v));
}

/** The results, and where each element came from along the axis. */
function sortWithOrder(
  operation: Operation<SortAttributes>,
  operands: readonly Value[],
): readonly [readonly Value[], Value] {
  const options = operation.attributes;
  const order = iota(tensorType("i32", tensorOf(operands[0]).shape), options.axis);
  const all = sort([...operands, order], options);
  return [all.slice(0, -1), all[all.length - 1]];
}

function reverseSort({ operation, operands }: ReverseContext<SortAttributes>): Pullback {
  const { axis } = operation.attributes;
  const [results, order] = sortWithOrder(operation, operands);
  return {
    results,
    pull: (cotangents) =>
      operation.operands.flatMap((v, i) => {
        const ct = cotangents[i];
        return ct === null ? [] : [[v, addAlong(tensorTypeOf(v.type), axis, order, ct)] as const];
      }),
  };
}

function forwardSort({ operation, operands, tangents }: ForwardContext<SortAttributes>): Tangents {
  const { axis } = operation.attributes;
  const [results, order] = sortWithOrder(operation, operands);
  return { results, tangents: tangents.map((t) => (t === null ? null : elementsAlong(t, axis, order))) };
}

function batchSort({ operation, operands, batched, whole }: StructuredBatchContext<SortAttributes>): Batched {
  const { axis, descending } = operation.attributes;
  const results = sort(
    operands.map((v, i) => whole(v, batched[i])),
    { axis: axis + 1, descending },
  );
  return { results, batched: results.map(() => true) };
}

// ---- lowering -------------------------------------------------------------------------------------------------------

const index = scalar("index");

/**
 * Merges runs of 1, 2, 4, … elements between two memories until one run is left, row after row. The keys move, so that
 * they are read in order; where a payload follows, the place that each came from moves with it.
 */
function lowerSort(cx: ProcedureContext<SortAttributes>): void {
  const { axis } = cx.operation.attributes;
  const [keys, ...payload] = cx.operation.operands.map(tensorOf);
  const n = keys.shape[axis];
  const lanes = payload.length === 0 ? [keys.dtype] : ([keys.dtype, "i32"] as const);
  const memories = ["from", "to"].flatMap((name) => lanes.map((dtype) => cx.scratch(memref(dtype, [n]), name)));
  const others = keys.shape.map((d, a) => (a === axis ? 1 : d));
  loopNest(others, ["i", "j", "k", "l"], (row) => {
    const place = (d: Dim): readonly Dim[] => row.with(axis, d);
    const start = memories.slice(0, lanes.length);
    each(0, n, "i", (i) => {
      const first = [cx.element(0, place(i)), cast(indexValue(i), "i32")];
      for (const [k, memory] of start.entries()) store(first[k], memory, [i]);
    });
    const [, sorted, order] = whileLoop(
      [constant(1, index), ...memories],
      (width) => below(indexDim(width), n),
      (width, ...halves) => {
        const [from, to] = [halves.slice(0, lanes.length), halves.slice(lanes.length)];
        mergeRuns(cx.operation, { n, width: indexDim(width), from, to });
        return [indexValue(mulDims(2, indexDim(width))), ...to, ...from];
      },
      ["width", ...memories.map((m) => m.name)],
    );
    each(0, n, "i", (i) => {
      cx.write(0, place(i), load(sorted, [i]));
      if (payload.length === 0) return;
      const source = place(indexDim(cast(load(order, [i]), "index")));
      for (const [k] of payload.entries()) cx.write(k + 1, place(i), cx.element(k + 1, source));
    });
  });
}

function below(a: Dim, b: Dim): Value {
  return compare(indexValue(a), indexValue(b), "lt");
}

/** What is merged: keys, and perhaps where they came from. */
interface Merge {
  readonly n: Dim;
  readonly width: Dim;
  readonly from: readonly Value[];
  readonly to: readonly Value[];
}

/** Each two neighbouring runs of a width become one. */
function mergeRuns(operation: Operation<SortAttributes>, merge: Merge): void {
  const { n, width } = merge;
  whileLoop(
    [constant(0, index)],
    (start) => below(indexDim(start), n),
    (start) => {
      const first = indexDim(start);
      const [middle, end] = [1, 2].map((k) => indexValue(minDims(addDims(first, mulDims(k, width)), n)));
      mergePair(operation, merge, [start, middle, end]);
      return [end];
    },
    ["start"],
  );
}

/** The runs from start to middle and from there to end: while both have elements the right one gives its own only where it has to. */
function mergePair(
  operation: Operation<SortAttributes>,
  { from, to }: Merge,
  [start, middle, end]: readonly Value[],
): void {
  const next = (i: Value): Value => indexValue(addDims(indexDim(i), 1));
  const take = (i: Value, k: Dim): void => {
    for (const [lane, memory] of from.entries()) store(load(memory, [indexDim(i)]), to[lane], [k]);
  };
  const [left, right] = whileLoop(
    [start, middle],
    (i, j) => and(compare(i, middle, "lt"), compare(j, end, "lt")),
    (i, j) => {
      const [a, b] = [i, j].map((at) => load(from[0], [indexDim(at)]));
      const k = subDims(addDims(indexDim(i), indexDim(j)), indexDim(middle));
      return ifElse(
        before(operation, b, a),
        () => {
          take(j, k);
          return [i, next(j)];
        },
        () => {
          take(i, k);
          return [next(i), j];
        },
      );
    },
    ["left", "right"],
  );
  // one of the two is empty by now
  const rest = (run: Value, limit: Value, passed: Value): void =>
    each(indexDim(run), indexDim(limit), "i", (i) =>
      take(indexValue(i), subDims(addDims(i, indexDim(passed)), indexDim(middle))),
    );
  rest(left, middle, right);
  rest(right, end, left);
}

/** Whether key a belongs before key b even if it stands behind it. */
function before(operation: Operation<SortAttributes>, a: Value, b: Value): Value {
  const isLess = compare(a, b, operation.attributes.descending ? "gt" : "lt");
  if (dtypes[tensorOf(a).dtype].kind !== "float") return isLess;
  return or(isLess, and(isNan(b), not(isNan(a))));
}
