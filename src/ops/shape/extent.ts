// How many elements lie along axes: what a shape is asked for before there is one.

import {
  type AttributesOf,
  allocate,
  type Operation,
  productOf,
  scalar,
  type Type,
  type Value,
} from "../../ir/index.ts";
import { pick } from "../base/arrays.ts";
import { dim } from "../base/constant.ts";
import {
  type AxesOrAll,
  defineOp,
  emit1,
  listedAxes,
  rankedOperand,
  rankOf,
  requireListed,
  tensorOf,
} from "../base/define.ts";
import { broadcast } from "./reduce.ts";

const extentAttributes = {
  axes: {
    kind: "axesOrAll",
    summary: "the axes that are counted; until shapes are refined all, or negative ones, which count from the end",
  },
} as const;

type ExtentAttributes = AttributesOf<typeof extentAttributes>;

export const extentOp = defineOp({
  name: "extent",
  summary: "The number of elements along axes.",
  operands: [{ name: "x" }],
  attributes: extentAttributes,
  types(x): readonly Type[] {
    const operand = rankedOperand(x, 0);
    if (operand !== null) requireListed(x, x.attributes.axes, operand.shape.length);
    return [scalar("i32")];
  },
  eval(x) {
    const { shape } = x.operands[0];
    const result = allocate("i32", []);
    result.data[0] = pick(shape, listedAxes(x.attributes.axes, shape.length)).reduce((a, b) => a * b, 1);
    return [result];
  },
  derivative: { kind: "zero", reason: "it depends on the shape alone" },
  batching: {
    kind: "rule",
    batch: ({ operation, size }) => [broadcast(extentOf(operation.operands[0], listed(operation)), [size])],
  },
  lowering: { kind: "element", element: (x) => extentOf(x.operation.operands[0], listed(x.operation)) },
  docs: {
    semantics:
      "The product of the extents of x along the axes; with no axes it is 1. Where the rank of x is known, this is a `dim`, and canonicalize writes it so. Where it is not known yet, only this op can ask for an extent.",
    constraints: ["axes are axes of x, each once, and listed where the rank of x is known"],
    example: `func @main(%x: f64[2, 3]) -> i32 {
  %n = extent %x, axes = [0, 1] : i32
  return %n
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == 6
`,
  },
});

function listed(operation: Operation<ExtentAttributes>): readonly number[] {
  return listedAxes(operation.attributes.axes, rankOf(operation.operands[0]));
}

/** How many elements of `x` lie along the axes, as an i32: a dimension where the rank is known. */
export function extentOf(x: Value, axes: AxesOrAll): Value {
  if (x.type.kind === "unranked") return emit1(extentOp, [x], { attributes: { axes } });
  const { shape } = tensorOf(x);
  return dim(productOf(pick(shape, listedAxes(axes, shape.length))));
}
