// Where under a window the extremum is: what the derivative of a pooling follows.

import {
  type AttributesOf,
  addDims,
  allocate,
  type BatchContext,
  type Dim,
  type EvalContext,
  type LowerContext,
  mulDims,
  type NdArray,
  productOf,
  scalar,
  tensorType,
  unranked,
  type Value,
} from "../../ir/index.ts";
import { constant, constantLike, dim, indexValue, iota } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, rankedOperand, tensorOf } from "../base/define.ts";
import { cast, compare, not } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { mul, sub } from "../scalar/arithmetic.ts";
import { and, or } from "../scalar/bits.ts";
import type { ArgReduceKind } from "../shape/arg-reduce.ts";
import { broadcastTo } from "../shape/broadcasting.ts";
import { kinds } from "../shape/reduce-order.ts";
import {
  attributesOfWindow,
  copiesOf,
  offsetsIn,
  optionsOfBatch,
  requireWindows,
  sharedElements,
  type WindowOptions,
  windowAttributes,
  windowsIn,
} from "./window-attributes.ts";
import { overWindow } from "./window-op.ts";

const argReduceWindowAttributes = {
  kind: { kind: "word", words: ["max", "min"], summary: "which extremum" },
  ...windowAttributes,
} as const;

type ArgReduceWindowAttributes = AttributesOf<typeof argReduceWindowAttributes>;

export const argReduceWindowOp = defineOp({
  name: "arg_reduce_window",
  summary: "The position in x of the largest or smallest element under a window, at each of its places.",
  operands: [{ name: "x" }],
  attributes: argReduceWindowAttributes,
  types(x) {
    if (dtypeOf(x.operands[0]) === "bool") x.fail("dtype", "operand 0 has dtype bool, expected numbers", "cast it");
    const operand = rankedOperand(x, 0);
    if (operand === null) return [unranked("i32")];
    const size = productOf(operand.shape);
    if (typeof size === "number" && size > 2 ** 31) x.fail("range", `x has ${size} elements, expected at most 2^31`);
    return [tensorType("i32", requireWindows(x, operand))];
  },
  eval: (x) => [evalArgReduceWindow(x)],
  derivative: { kind: "zero", reason: "a position is piecewise constant" },
  batching: { kind: "rule", batch: (x) => [batchArgReduceWindow(x)] },
  lowering: {
    kind: "nest",
    element: lowerArgReduceWindow,
    rereads: (o) => sharedElements(o),
    copies: (o) => copiesOf(o),
  },
  docs: {
    semantics:
      "The i32 position in x, its elements counted row-major over all axes, of the first element under the window that no other there exceeds (max) or falls below (min); -0 and 0 are equal. Where there is a NaN, the position of the first NaN. Padding is no element: where there is nothing else, -1. The places are those of reduce_window.",
    constraints: ["x has numbers", "one entry per axis of x in each list", "no extent of the result is negative"],
    example: `func @main(%x: f64[5]) -> i32[3] {
  %i = arg_reduce_window %x, kind = max, window = [2], strides = [2], high = [1] : i32[3]
  return %i
}
// run: @main([1, 3, 7, 7, 2]) == [1, 2, 4]
`,
  },
});

type Options = WindowOptions & { readonly kind: ArgReduceKind };

/** The position of the extremum of `x` under a window, at each of its places. */
export function argReduceWindow(x: Value, options: Options): Value {
  return emit1(argReduceWindowOp, [x], { attributes: { kind: options.kind, ...attributesOfWindow(options) } });
}

function evalArgReduceWindow(cx: EvalContext<ArgReduceWindowAttributes>): NdArray {
  const [{ data }] = cx.operands;
  const result = allocate("i32", cx.shape(cx.operation.results[0].type));
  const isMax = cx.attributes.kind === "max";
  let next = 0;
  for (const offsets of offsetsIn(cx, result.shape)) {
    let at = -1;
    for (const offset of offsets) {
      if (offset < 0 || (at >= 0 && Number.isNaN(data[at]))) continue;
      const isBetter = at >= 0 && (isMax ? data[offset] > data[at] : data[offset] < data[at]);
      if (at < 0 || isBetter || Number.isNaN(data[offset])) at = offset;
    }
    result.data[next++] = at;
  }
  return result;
}

/** Carries the best element and its position; a NaN beats all that came before it, and nothing beats a NaN. */
function lowerArgReduceWindow(cx: LowerContext<ArgReduceWindowAttributes>, at: readonly Dim[]): Value {
  const { dtype, shape } = tensorOf(cx.operation.operands[0]);
  const kind = cx.operation.attributes.kind;
  const worst = constant(kinds[kind].identity(dtype), scalar(dtype));
  const none = constant(-1, scalar("i32"));
  const step = (subscripts: readonly Dim[], [best, position]: readonly Value[]): readonly Value[] => {
    const candidate = cx.element(0, subscripts);
    const isNotBeaten = not(compare(candidate, best, kind === "max" ? "le" : "ge"));
    const isFirst = compare(position, none, "eq");
    const takes = or(isFirst, and(isNotBeaten, compare(best, best, "eq")));
    const here = subscripts.reduce<Dim>((flat, d, axis) => addDims(mulDims(flat, shape[axis]), d), 0);
    return [select(takes, candidate, best), select(takes, cast(indexValue(here), "i32"), position)];
  };
  return overWindow(at, windowsIn(cx.operation), shape, [worst, none], step)[1];
}

/** Positions in the whole batch, from which those of the elements before are taken; -1 stays. */
function batchArgReduceWindow({ operation, operands: [x] }: BatchContext<ArgReduceWindowAttributes>): Value {
  const kind = operation.attributes.kind;
  const inBatch = argReduceWindow(x, { kind, ...optionsOfBatch(operation) });
  const { shape } = tensorOf(inBatch);
  const size = broadcastTo(dim(productOf(tensorOf(x).shape.slice(1))), shape);
  const position = sub(inBatch, mul(iota(tensorType("i32", shape), 0), size));
  return select(compare(inBatch, constantLike(0, inBatch), "lt"), inBatch, position);
}
