// The op through which no derivative flows.

import type { Value } from "../../ir/index.ts";
import { defineOp, emit1 } from "./define.ts";

export const stopGradientOp = defineOp({
  name: "stop_gradient",
  summary: "The same value, through which no derivative flows.",
  operands: [{ name: "x" }],
  level: "both",
  types: (x) => x.operands,
  traits: { elementwise: true, moves: true },
  scalar: { compute: ([x]) => x, spell: ([x]) => x, exact: true },
  eval: (x) => x.operands,
  derivative: { kind: "zero", reason: "it is there to stop derivatives" },
  batching: { kind: "elementwise" },
  lowering: { kind: "view" },
  docs: {
    semantics: "x. Derivatives treat it as a constant.",
    constraints: [],
    example: `private func @f(%x: f64) -> f64 {
  %c = stop_gradient %x : f64
  %y = mul %x, %c : f64
  return %y
}

func @main(%x: f64) -> f64 {
  %one = constant 1 : f64
  %y, %dx = vjp @f(%x) cotangents(%one) : f64, f64
  return %dx
}
// run: @main(3) == 3
`,
  },
});

/** The same value, through which no derivative flows. */
export function stopGradient(x: Value): Value {
  return emit1(stopGradientOp, [x], { names: [x.name] });
}
