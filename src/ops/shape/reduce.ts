// Repeating and reducing: broadcast and the sum over the same axes are each other's transposes.

import {
  type Contribution,
  counted,
  type Derivative,
  type Dim,
  type Operation,
  productOf,
  scalar,
  type TransposeContext,
  tensorType,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";
import { gather, pick, stridesOf } from "../base/arrays.ts";
import { constantLike, iota } from "../base/constant.ts";
import {
  type AxesOrAll,
  defineOp,
  dtypeOf,
  emit1,
  inverse,
  listedAxes,
  otherAxes,
  rankedOperand,
  rankOf,
  requireAxes,
  requireDeclared,
  requireListed,
  tensorOf,
} from "../base/define.ts";
import { cast, compare } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { zerosLike } from "../base/zeros.ts";
import { ifElse } from "../control/control.ts";
import { div, maximum, mul } from "../scalar/arithmetic.ts";
import { and } from "../scalar/bits.ts";
import { permute, reshape } from "../structural/structural.ts";
import { nowhere } from "../varying.ts";
import {
  evalReduce,
  lowerReduce,
  lowerWholeReduce,
  type ReduceAttributes,
  type ReduceKind,
  reduceAttributes,
  reducedAxes,
  requireKind,
} from "./reduce-order.ts";

// ---- broadcast ------------------------------------------------------------------------------------------------------

export const broadcastOp = defineOp({
  name: "broadcast",
  summary: "Repeats a tensor along new axes.",
  operands: [{ name: "x" }],
  attributes: {
    axes: { kind: "axes", default: [], summary: "for each axis of x, the axis of the result that it becomes" },
  },
  traits: { moves: true },
  types(x) {
    const operand = rankedOperand(x, 0);
    const axes = x.attributes.axes;
    const type = requireDeclared(x, dtypeOf(x.operands[0]));
    requireAxes(x, axes, type.shape.length, "axes");
    if (operand === null) return [type];
    if (axes.length !== operand.shape.length) {
      x.fail(
        "axis",
        `axes names ${counted(axes.length, "axis")}, expected one for each of the ${operand.shape.length} of the operand`,
      );
    }
    for (const [i, axis] of axes.entries()) x.equal(operand.shape[i], type.shape[axis], `axis ${i} of the operand`);
    return [type];
  },
  eval(x) {
    const shape = x.shape(x.operation.results[0].type);
    const [source] = x.operands;
    const strides: number[] = new Array(shape.length).fill(0);
    const own = stridesOf(source.shape);
    for (const [i, axis] of x.attributes.axes.entries()) strides[axis] = own[i];
    return [gather(source, shape, strides)];
  },
  varies({ operands, attributes: { axes } }, result, of) {
    const varies = of(operands[0]);
    return nowhere(result).map((_, axis) => axes.includes(axis) && varies[axes.indexOf(axis)]);
  },
  derivative: {
    kind: "linear",
    transpose: ({ operation, cotangent }) => [unbroadcast(operation, cotangent, "sum")],
  },
  batching: {
    kind: "rule",
    batch({ operation, operands: [x], size }) {
      const { shape } = tensorTypeOf(operation.results[0].type);
      const axes = operation.attributes.axes;
      return [broadcast(x, [size, ...shape], [0, ...axes.map((a) => a + 1)])];
    },
    behind: {
      takes: () => true,
      batch({ operation, operands: [x], size }) {
        const { shape } = tensorTypeOf(operation.results[0].type);
        return [broadcast(x, [...shape, size], [...operation.attributes.axes, shape.length])];
      },
    },
  },
  lowering: {
    kind: "element",
    element: (x, at) => x.element(0, pick(at, x.operation.attributes.axes)),
  },
  docs: {
    semantics: "The element of x whose subscripts are those of the result along `axes`.",
    constraints: ["the result type is written", "extents agree along axes: size 1 is not stretched"],
    example: `func @main(%x: f64[2]) -> f64[3, 2] {
  %b = broadcast %x, axes = [1] : f64[3, 2]
  return %b
}
// run: @main([1, 2]) == [[1, 2], [1, 2], [1, 2]]
`,
  },
});

/** Elements of a broadcast's result combined into those of its operand. */
function unbroadcast({ attributes }: Operation, x: Value, kind: ReduceKind): Value {
  const axes = attributes.axes as readonly number[];
  const repeated = otherAxes(rankOf(x), axes);
  const combined = repeated.length === 0 ? x : reduce(x, { kind, axes: repeated });
  const ascending = [...axes].sort((a, b) => a - b);
  return permute(
    combined,
    axes.map((a) => ascending.indexOf(a)),
  );
}

/** `x` repeated to `shape`: axis i of `x` becomes axis `axes[i]` of the result. */
export function broadcast(x: Value, shape: readonly Dim[], axes: readonly number[] = []): Value {
  return emit1(broadcastOp, [x], { attributes: { axes }, types: [tensorType(tensorOf(x).dtype, shape)] });
}

/** The value with the leading axis of a batch, repeated along it where it has none. */
/** The value with the batch's axis last; repeated along it where it has none. */
export function withAxisBehind(x: Value, isBatched: boolean, size: Dim): Value {
  if (isBatched) return x;
  const { shape } = tensorOf(x);
  const own = shape.map((_, axis) => axis);
  return broadcast(x, [...shape, size], own);
}

export function withBatchAxis(x: Value, isBatched: boolean, size: Dim): Value {
  if (isBatched) return x;
  const { shape } = tensorOf(x);
  const own = shape.map((_, axis) => axis + 1);
  return broadcast(x, [size, ...shape], own);
}

// ---- reduce ---------------------------------------------------------------------------------------------------------

export const reduceOp = defineOp({
  name: "reduce",
  summary: "Combines elements along axes, which disappear.",
  operands: [{ name: "x" }],
  attributes: reduceAttributes,
  types(x) {
    const operand = rankedOperand(x, 0);
    const dtype = dtypeOf(x.operands[0]);
    requireKind(x, dtype);
    const { axes } = x.attributes;
    if (operand === null) return [axes === "all" ? scalar(dtype) : x.operands[0]];
    const listed = requireListed(x, axes, operand.shape.length);
    return [tensorType(dtype, pick(operand.shape, otherAxes(operand.shape.length, listed)))];
  },
  eval: (x) => [evalReduce(x)],
  varies({ operands, attributes }, _, of) {
    const varies = of(operands[0]);
    const reduced = listedAxes(attributes.axes, varies.length);
    return varies.filter((_may, axis) => !reduced.includes(axis));
  },
  derivative: {
    kind: "rule",
    vjp: (x) => [reduceCotangent(x)],
    jvp: reduceTangent,
  },
  batching: {
    kind: "rule",
    batch: ({ operation, operands: [x] }) => [
      reduce(x, { kind: operation.attributes.kind, axes: reducedAxes(operation).map((a) => a + 1) }),
    ],
    behind: {
      // along the last axis sums have an order of their own
      takes: (operation) => !reducedAxes(operation).includes(tensorOf(operation.operands[0]).shape.length - 1),
      batch: ({ operation, operands: [x] }) => [
        reduce(x, { kind: operation.attributes.kind, axes: reducedAxes(operation) }),
      ],
    },
  },
  lowering: { kind: "nest", element: lowerReduce, whole: lowerWholeReduce, visits: [0] },
  docs: {
    semantics:
      "Combines all elements along the axes, beginning with the identity of the kind (0, 1, -∞ or least, ∞ or largest, true, false), and rounds at every step. The order is fixed. Where the last axis is reduced there are 16 accumulators: element i along the last axis goes to accumulator i mod 16, for all places on the other reduced axes in row-major order; at the end the accumulators are combined in halves, a[j] with a[j+8], then a[j+4], a[j+2] and a[j+1]. Otherwise the elements are combined in ascending row-major order. Over an empty axis the result is the identity; with no axes it is x. NaN propagates through max and min, whose derivative is shared equally among ties (a NaN passes none on). The derivative of prod is exact where factors are 0, at quadratic cost there.",
    constraints: [
      "sum, prod, max and min take numbers, and and or take bool",
      "axes are axes of x, each once, and listed where the rank of x is known",
    ],
    example: `func @main(%x: f64[2, 3]) -> f64[2] {
  %s = reduce %x, kind = sum, axes = [1] : f64[2]
  return %s
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == [6, 15]
`,
  },
});

/** Combines `x` along `axes`; all of them for an `x` whose rank is not known. */
export function reduce(x: Value, { kind, axes }: { readonly kind: ReduceKind; readonly axes: AxesOrAll }): Value {
  return emit1(reduceOp, [x], { attributes: { kind, axes } });
}

/** The sum along axes; `x` itself where there are none. */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : reduce(x, { kind: "sum", axes });
}

// ---- derivative -----------------------------------------------------------------------------------------------------

type Rule = Extract<Derivative<ReduceAttributes>, { kind: "rule" }>;

function reduceCotangent({
  operation,
  operands: [x],
  result,
  cotangent,
}: TransposeContext<ReduceAttributes> & { readonly result: Value }): Contribution {
  const axes = reducedAxes(operation);
  switch (operation.attributes.kind) {
    case "sum":
      return spreadBack(cotangent, x, axes);
    case "prod":
      return mul(spreadBack(cotangent, x, axes), productOfOthers(x, result, axes));
    case "max":
    case "min": {
      const { mask, count } = ties(x, result, axes);
      return select(mask, spreadBack(div(cotangent, count), x, axes), zerosLike(x));
    }
    default:
      return null;
  }
}

function reduceTangent({ operation, operands: [x], result, tangents: [tangent] }: Parameters<Rule["jvp"]>[0]) {
  const axes = reducedAxes(operation);
  if (tangent === null) return null;
  switch (operation.attributes.kind) {
    case "sum":
      return reduceSum(tangent, axes);
    case "prod":
      return reduceSum(mul(tangent, productOfOthers(x, result, axes)), axes);
    case "max":
    case "min": {
      const { mask, count } = ties(x, result, axes);
      const sum = reduceSum(select(mask, tangent, constantLike(0, x)), axes);
      return div(sum, maximum(count, constantLike(1, count)));
    }
    default:
      return null;
  }
}

/** A value of the result's shape repeated to the operand's. */
export function spreadBack(value: Value, x: Value, axes: readonly number[]): Value {
  return broadcast(value, tensorOf(x).shape, otherAxes(rankOf(x), axes));
}

/** Where the extremum is, and how often; nowhere if it is NaN. */
function ties(x: Value, result: Value, axes: readonly number[]): { readonly mask: Value; readonly count: Value } {
  const mask = compare(x, spreadBack(result, x, axes), "eq");
  return { mask, count: reduceSum(cast(mask, tensorOf(x).dtype), axes) };
}

/**
 * For each element the product of all others along the axes. It is the whole product over the element, unless a
 * product is 0, overflowed or came close to either: then it is multiplied out, at quadratic cost.
 */
export function productOfOthers(x: Value, result: Value, axes: readonly number[]): Value {
  const square = mul(result, result);
  const safe = and(
    compare(square, constantLike(0, square), "gt"),
    compare(square, constantLike(Infinity, square), "lt"),
  );
  const all = otherAxes(rankOf(safe), []);
  return ifElse(
    all.length === 0 ? safe : reduce(safe, { kind: "and", axes: all }),
    () => [div(spreadBack(result, x, axes), x)],
    () => [multipliedOut(x, axes)],
  )[0];
}

/**
 * The product of all others with zeros in their place: the axes become one, x is repeated to a matrix whose diagonal
 * is 1, and its rows are multiplied.
 */
function multipliedOut(x: Value, axes: readonly number[]): Value {
  const { shape } = tensorOf(x);
  const kept = otherAxes(shape.length, axes);
  const order = [...kept, ...axes];
  const rank = kept.length;
  const outer = pick(shape, kept);
  const size = productOf(pick(shape, axes));
  const flat = reshape(permute(x, order), [...outer, size]);
  const matrix = broadcast(flat, [...outer, size, size], [...outer.map((_, i) => i), rank + 1]);
  const index = tensorType("i32", [...outer, size, size]);
  const others = compare(iota(index, rank), iota(index, rank + 1), "ne");
  const rows = reduce(select(others, matrix, constantLike(1, matrix)), { kind: "prod", axes: [rank + 1] });
  return permute(reshape(rows, pick(shape, order)), inverse(order));
}
