// Where along an axis the extremum is.

import {
  type AttributesOf,
  allocate,
  type Dim,
  type EvalContext,
  type LowerContext,
  type NdArray,
  scalar,
  type TypeContext,
  tensorType,
  unranked,
  type Value,
} from "../../ir/index.ts";
import { offsetsOf, pick, stridesOf } from "../base/arrays.ts";
import { constant, indexValue } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, otherAxes, rankedOperand, tensorOf } from "../base/define.ts";
import { cast, compare, not } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { and } from "../scalar/bits.ts";
import { kinds, nestedLoops } from "./reduce-order.ts";

export type ArgReduceKind = "max" | "min";

const argReduceAttributes = {
  kind: { kind: "word", words: ["max", "min"], summary: "which extremum" },
  axis: { kind: "integer", holds: "axis", default: 0, summary: "the axis that disappears" },
} as const;

type ArgReduceAttributes = AttributesOf<typeof argReduceAttributes>;

export const argReduceOp = defineOp({
  name: "arg_reduce",
  summary: "The subscript of the largest or smallest element along an axis, which disappears.",
  operands: [{ name: "x" }],
  attributes: argReduceAttributes,
  types(x) {
    const operand = rankedOperand(x, 0);
    if (dtypeOf(x.operands[0]) === "bool") x.fail("dtype", "operand 0 has dtype bool, expected numbers", "cast it");
    if (operand === null) return [unranked("i32")];
    const axis = requireFilledAxis(x, operand.shape);
    return [
      tensorType(
        "i32",
        operand.shape.filter((_, a) => a !== axis),
      ),
    ];
  },
  eval: (x) => [evalArgReduce(x)],
  derivative: { kind: "zero", reason: "a subscript is piecewise constant" },
  batching: {
    kind: "rule",
    batch: ({ operation: { attributes }, operands: [x] }) => [
      argReduce(x, { kind: attributes.kind, axis: attributes.axis + 1 }),
    ],
  },
  lowering: { kind: "nest", element: lowerArgReduce },
  docs: {
    semantics:
      "For each place on the other axes, the i32 subscript along `axis` of the largest element (max) or the smallest one (min). Of several equal ones it is the first; -0 and 0 are equal. Where there is a NaN, it is the subscript of the first NaN.",
    constraints: ["x has numbers", "the axis is not empty; where its size is open, this is checked when it is known"],
    example: `func @main(%x: f64[2, 3]) -> i32[2] {
  %i = arg_reduce %x, kind = max, axis = 1 : i32[2]
  return %i
}
// run: @main([[3, 7, 7], [1, nan, 9]]) == [1, 1]
`,
  },
});

function requireFilledAxis(cx: TypeContext<ArgReduceAttributes>, shape: readonly Dim[]): number {
  const axis = cx.attributes.axis;
  if (axis < 0 || axis >= shape.length) {
    cx.fail(
      "axis",
      `axis is ${axis}, expected ${shape.length === 0 ? "a tensor with axes, got rank 0" : `0 to ${shape.length - 1}`}`,
    );
  }
  cx.atLeast(shape[axis], 1, `the extent of axis ${axis}`);
  return axis;
}

function evalArgReduce(cx: EvalContext<ArgReduceAttributes>): NdArray {
  const [source] = cx.operands;
  const axis = cx.attributes.axis;
  const strides = stridesOf(source.shape);
  const others = otherAxes(source.shape.length, [axis]);
  const result = allocate("i32", pick(source.shape, others));
  const isMax = cx.attributes.kind === "max";
  for (const [i, start] of offsetsOf(result.shape, pick(strides, others)).entries()) {
    let [best, at] = [source.data[start], 0];
    for (let k = 1; k < source.shape[axis] && !Number.isNaN(best); k++) {
      const candidate = source.data[start + k * strides[axis]];
      if (Number.isNaN(candidate) || (isMax ? candidate > best : candidate < best)) [best, at] = [candidate, k];
    }
    result.data[i] = at;
  }
  return result;
}

/** Carries the best element and its subscript; a NaN beats all that came before it, and nothing beats a NaN. */
function lowerArgReduce(cx: LowerContext<ArgReduceAttributes>, at: readonly Dim[]): Value {
  const { shape, dtype } = tensorOf(cx.operation.operands[0]);
  const kind = cx.operation.attributes.kind;
  const axis = cx.operation.attributes.axis;
  const worst = constant(kinds[kind].identity(dtype), scalar(dtype));
  const step = ([k]: readonly Dim[], [best, index]: readonly Value[]): readonly Value[] => {
    const candidate = cx.element(0, [...at.slice(0, axis), k, ...at.slice(axis)]);
    const isNotBeaten = not(compare(candidate, best, kind === "max" ? "le" : "ge"));
    const takes = and(isNotBeaten, compare(best, best, "eq"));
    return [select(takes, candidate, best), select(takes, cast(indexValue(k), "i32"), index)];
  };
  return nestedLoops([shape[axis]], [worst, constant(0, scalar("i32"))], step)[1];
}

/** The subscript of the extremum of `x` along `axis`. */
export function argReduce(x: Value, { kind, axis }: { readonly kind: ArgReduceKind; readonly axis: number }): Value {
  return emit1(argReduceOp, [x], { attributes: { kind, axis } });
}
