// Running sums, products and extrema along an axis.

import {
  type AttributesOf,
  type BatchContext,
  type Contribution,
  type Derivative,
  type Dim,
  type EvalContext,
  indexDim,
  type LowerContext,
  minDims,
  type NdArray,
  type Operation,
  scalar,
  subDims,
  type TransposeContext,
  type TypeContext,
  tensorType,
  type Value,
  type WholeContext,
} from "../../ir/index.ts";
import { offsetsOf, pick, stridesOf } from "../base/arrays.ts";
import { constant, constantLike, iota } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, otherAxes, rankedOperand, rankOf, requireTensor, tensorOf } from "../base/define.ts";
import { compare, not } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { ifElse } from "../control/control.ts";
import { forLoop, loopNest } from "../loop/loop.ts";
import { div, mul } from "../scalar/arithmetic.ts";
import { and, or } from "../scalar/bits.ts";
import { broadcast, reduce, reduceSum } from "../shape/reduce.ts";
import { kinds, type ReduceKind, reduceKinds, requireKind, scalarCombination } from "../shape/reduce-order.ts";
import { pad } from "../shape/slicing.ts";
import { asOperand } from "../varying.ts";
import { addAlong, dimLike, elementsAlong } from "../window/window-elements.ts";

export interface CumulativeOptions {
  readonly kind: ReduceKind;
  readonly axis: number;
  /** From the last element to the first; false where left out. */
  readonly reverse?: boolean;
}

const cumulativeAttributes = {
  kind: { kind: "word", words: reduceKinds, summary: "how elements combine" },
  axis: { kind: "integer", holds: "axis", default: 0, summary: "the axis along which elements combine" },
  reverse: { kind: "boolean", default: false, summary: "from the last element to the first" },
} as const;

type CumulativeAttributes = AttributesOf<typeof cumulativeAttributes>;

export const cumulativeOp = defineOp({
  name: "cumulative",
  summary: "Combines each element along an axis with all before it.",
  operands: [{ name: "x" }],
  attributes: cumulativeAttributes,
  types: (x) => [cumulativeType(x)],
  eval: (x) => [evalCumulative(x)],
  varies: asOperand,
  derivative: {
    kind: "rule",
    vjp: (x) => [cumulativeCotangent(x)],
    jvp: cumulativeTangent,
  },
  batching: { kind: "rule", batch: (x) => [batchCumulative(x)] },
  lowering: { kind: "nest", element: lowerCumulative, whole: lowerWholeCumulative },
  docs: {
    semantics:
      "Element i along the axis is the identity of the kind (0, 1, -∞ or least, ∞ or largest, true, false) combined with elements 0 to i, one after the other, rounding at every step; with reverse, with the last element down to i. NaN propagates through max and min, whose derivative goes to the first extremum in that order (the first NaN). The derivative of prod is exact where factors are 0, at quadratic cost there.",
    constraints: ["sum, prod, max and min take numbers, and and or take bool", "axis is an axis of x"],
    example: `func @main(%x: f64[2, 3]) -> f64[2, 3] {
  %y = cumulative %x, kind = sum, axis = 1 : f64[2, 3]
  return %y
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == [[1, 3, 6], [4, 9, 15]]
`,
  },
});

function cumulativeType(cx: TypeContext<CumulativeAttributes>) {
  requireKind(cx, dtypeOf(requireTensor(cx, 0)));
  const operand = rankedOperand(cx, 0);
  if (operand === null) return cx.operands[0];
  const { axis } = cx.attributes;
  const { length } = operand.shape;
  if (axis < 0 || axis >= length) {
    cx.fail(
      "axis",
      `axis is ${axis}, expected ${length === 0 ? "a tensor with axes, got rank 0" : `0 to ${length - 1}`}`,
    );
  }
  return operand;
}

/** Combines each element of `x` along an axis with all before it. */
export function cumulative(x: Value, { kind, axis, reverse = false }: CumulativeOptions): Value {
  return emit1(cumulativeOp, [x], { attributes: { kind, axis, reverse } });
}

function batchCumulative({ operation, operands: [x] }: BatchContext<CumulativeAttributes>): Value {
  const options = operation.attributes;
  return cumulative(x, { ...options, axis: options.axis + 1 });
}

// ---- meaning --------------------------------------------------------------------------------------------------------

function evalCumulative(cx: EvalContext<CumulativeAttributes>): NdArray {
  const [source] = cx.operands;
  const { dtype, shape } = source;
  const { kind, axis, reverse } = cx.attributes;
  const { record, identity } = kinds[kind];
  const combine = scalarCombination(record, dtype);
  const strides = stridesOf(shape);
  const others = otherAxes(shape.length, [axis]);
  const data = source.data.slice();
  const extent = shape[axis];
  for (const start of offsetsOf(pick(shape, others), pick(strides, others))) {
    let acc = identity(dtype);
    for (let i = 0; i < extent; i++) {
      const offset = start + (reverse ? extent - 1 - i : i) * strides[axis];
      acc = combine(acc, data[offset]);
      data[offset] = acc;
    }
  }
  return { dtype, shape, data };
}

/** What a rule needs of the operation: how it combines, from where, and subscripts along the axis in order. */
function orderOf(operation: Operation<CumulativeAttributes>) {
  const { dtype, shape } = tensorOf(operation.operands[0]);
  const { kind, axis, reverse } = operation.attributes;
  const { combine, identity } = kinds[kind];
  const first = identity(dtype);
  const at = (others: readonly Dim[], k: Dim): readonly Dim[] => [
    ...others.slice(0, axis),
    reverse ? subDims(subDims(shape[axis], 1), k) : k,
    ...others.slice(axis),
  ];
  const start = (): Value => constant(dtype === "bool" ? first !== 0 : first, scalar(dtype));
  return { shape, axis, reverse, combine, start, at };
}

/** One element on its own: all before it are combined again. */
function lowerCumulative(cx: LowerContext<CumulativeAttributes>, at: readonly Dim[]): Value {
  const { shape, axis, reverse, combine, start, at: place } = orderOf(cx.operation);
  const others = at.filter((_, a) => a !== axis);
  const count = reverse ? subDims(shape[axis], at[axis]) : indexAfter(at[axis]);
  const step = (k: Value, acc: Value): readonly Value[] => [combine(acc, cx.element(0, place(others, indexDim(k))))];
  return forLoop(0, count, 1, [start()], step, ["k", "acc"])[0];
}

function indexAfter(d: Dim): Dim {
  return subDims(d, -1);
}

/** Along the last axis a loop carries what is combined; along others whole rows are combined with the row before. */
function lowerWholeCumulative(operation: Operation<CumulativeAttributes>): (cx: WholeContext) => void {
  const { shape, axis, combine, start, at } = orderOf(operation);
  const outer = shape.slice(0, axis);
  const row = shape.slice(axis + 1);
  const extent = shape[axis];
  if (row.length === 0) {
    return (x) =>
      loopNest(outer, ["i"], (others) => {
        const step = (k: Value, acc: Value): readonly Value[] => {
          const place = at(others, indexDim(k));
          const next = combine(acc, x.element(0, place));
          x.write(place, next);
          return [next];
        };
        forLoop(0, extent, 1, [start()], step, ["k", "acc"]);
      });
  }
  return (x) =>
    loopNest(outer, ["i"], (before) => {
      const rowAt = (k: Dim, previous: (others: readonly Dim[]) => Value): void =>
        loopNest(row, ["j"], (behind) => {
          const others = [...before, ...behind];
          const place = at(others, k);
          x.write(place, combine(previous(others), x.element(0, place)));
        });
      const first = start();
      rows(0, minDims(1, extent), (k) => rowAt(k, () => first));
      rows(1, extent, (k) => rowAt(k, (others) => x.written(at(others, subDims(k, 1)))));
    });
}

function rows(from: Dim, to: Dim, body: (k: Dim) => void): void {
  const step = (k: Value): readonly Value[] => {
    body(indexDim(k));
    return [];
  };
  forLoop(from, to, 1, [], step, ["k"]);
}

// ---- derivative -----------------------------------------------------------------------------------------------------

type Rule = Extract<Derivative<CumulativeAttributes>, { kind: "rule" }>;

function cumulativeCotangent({
  operation,
  operands: [x],
  result,
  cotangent,
}: TransposeContext<CumulativeAttributes> & { readonly result: Value }): Contribution {
  const options = operation.attributes;
  const { kind, axis, reverse } = options;
  const backSum = (v: Value): Value => cumulative(v, { kind: "sum", axis, reverse: !reverse });
  switch (kind) {
    case "sum":
      return backSum(cotangent);
    case "max":
    case "min":
      return addAlong(tensorOf(x), axis, extremumAlong(x, result, options), cotangent);
    case "prod":
      return whereSafe(
        result,
        () => div(backSum(mul(cotangent, result)), x),
        () => {
          const products = productsWithout(x, options);
          const { shape } = tensorOf(products);
          const spread = broadcast(cotangent, shape, withoutAxis(shape.length, axis));
          return reduceSum(mul(products, spread), [axis + 1]);
        },
      );
    default:
      return null;
  }
}

function cumulativeTangent({ operation, operands: [x], result, tangents: [tangent] }: Parameters<Rule["jvp"]>[0]) {
  const options = operation.attributes;
  const { kind, axis } = options;
  if (tangent === null) return null;
  switch (kind) {
    case "sum":
      return cumulative(tangent, options);
    case "max":
    case "min":
      return elementsAlong(tangent, axis, extremumAlong(x, result, options));
    case "prod":
      return whereSafe(
        result,
        () => mul(result, cumulative(div(tangent, x), { ...options, kind: "sum" })),
        () => {
          const products = productsWithout(x, options);
          const { shape } = tensorOf(products);
          const spread = broadcast(tangent, shape, withoutAxis(shape.length, axis + 1));
          return reduceSum(mul(products, spread), [axis]);
        },
      );
    default:
      return null;
  }
}

/** Axes 0 to rank - 1 but for one. */
function withoutAxis(rank: number, axis: number): readonly number[] {
  return otherAxes(rank, [axis]);
}

/** For each element the subscript along the axis of the extremum so far: the last place where it was surpassed. */
function extremumAlong(x: Value, result: Value, { kind, axis, reverse }: Required<CumulativeOptions>): Value {
  const { dtype, shape } = tensorOf(x);
  const shift = shape.map((_, a) => (a === axis ? (reverse ? -1 : 1) : 0));
  const identity = constant(kinds[kind].identity(dtype), scalar(dtype));
  const before = pad(result, { low: shift, high: shift.map((d) => 0 - d) }, identity);
  const place = iota(tensorType("i32", shape), axis);
  const first = reverse ? dimLike(subDims(shape[axis], 1), place) : constantLike(0, place);
  const isBeyond = not(compare(x, before, kind === "max" ? "le" : "ge"));
  const isNew = or(and(isBeyond, compare(before, before, "eq")), compare(place, first, "eq"));
  return cumulative(select(isNew, place, first), { kind: reverse ? "min" : "max", axis, reverse });
}

/** Products so far divide out where none is 0, overflowed or came close to either; else all is multiplied out. */
function whereSafe(result: Value, divided: () => Value, multiplied: () => Value): Value {
  const square = mul(result, result);
  const safe = and(
    compare(square, constantLike(0, square), "gt"),
    compare(square, constantLike(Infinity, square), "lt"),
  );
  const all = reduce(safe, { kind: "and", axes: otherAxes(rankOf(safe), []) });
  return ifElse(
    all,
    () => [divided()],
    () => [multiplied()],
  )[0];
}

/**
 * Element (j, i) along two axes in place of one: the product of the elements that are combined in element i, without
 * element j; 0 where j is not among them.
 */
function productsWithout(x: Value, { axis, reverse }: Required<CumulativeOptions>): Value {
  const { shape } = tensorOf(x);
  const square = [...shape.slice(0, axis), shape[axis], ...shape.slice(axis)];
  const table = broadcast(x, square, withoutAxis(square.length, axis));
  const subscripts = tensorType("i32", square);
  const [left, place] = [iota(subscripts, axis), iota(subscripts, axis + 1)];
  const others = select(compare(left, place, "eq"), constantLike(1, table), table);
  const products = cumulative(others, { kind: "prod", axis: axis + 1, reverse });
  return select(compare(left, place, reverse ? "ge" : "le"), products, constantLike(0, products));
}
