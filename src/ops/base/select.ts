// The choice between two values, element by element.

import type { ScalarMeaning, Value } from "../../ir/index.ts";
import { constantLike } from "./constant.ts";
import { defineOp, dtypeOf, emit1, requireElements } from "./define.ts";
import { commonShape, evalScalar } from "./elementwise.ts";

const selectScalar: ScalarMeaning = {
  compute: ([p, x, y]) => (p !== 0 ? x : y),
  spell: ([p, x, y]) => `${p} ? ${x} : ${y}`,
  exact: true,
};

export const selectOp = defineOp({
  name: "select",
  summary: "Takes each element from one of two operands.",
  operands: [{ name: "predicate" }, { name: "x" }, { name: "y" }],
  level: "both",
  traits: { elementwise: true, selects: true, cheap: true, brief: true },
  types(x) {
    const predicate = dtypeOf(requireElements(x, 0));
    if (predicate !== "bool")
      x.fail("dtype", `the predicate has dtype ${predicate}, expected bool`, "compare it with 0");
    const dtype = dtypeOf(requireElements(x, 1));
    const other = dtypeOf(requireElements(x, 2));
    if (other !== dtype)
      x.fail("dtype", `operand 2 has dtype ${other}, expected ${dtype} as operand 1`, "cast one of them");
    return [commonShape(x, dtype)];
  },
  scalar: selectScalar,
  eval: (x) => [evalScalar(x, selectScalar)],
  derivative: {
    kind: "linear",
    in: [1, 2],
    transpose({ operands: [predicate], cotangent, wanted }) {
      const zero = constantLike(0, cotangent);
      return [
        null,
        wanted[1] ? select(predicate, cotangent, zero) : null,
        wanted[2] ? select(predicate, zero, cotangent) : null,
      ];
    },
  },
  batching: { kind: "elementwise" },
  docs: {
    semantics:
      "x where the predicate is true, y where it is false. The element not taken has no influence, NaN included.",
    constraints: ["the predicate is bool", "x and y have one dtype", "all have one shape"],
    example: `func @main(%p: bool, %x: f64, %y: f64) -> f64 {
  %r = select %p, %x, %y : f64
  return %r
}
// run: @main(false, 1, 2) == 2
`,
  },
});

/** `x` where `predicate` holds, else `y`. */
export function select(predicate: Value, x: Value, y: Value): Value {
  return emit1(selectOp, [predicate, x, y]);
}
