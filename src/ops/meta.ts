// Operations about other operations: check, probe.

import { elementDType, emit, printType, sameType, scalar, type Value } from "../ir/index.ts";
import { defineOp, emit1 } from "./base/define.ts";
import { not } from "./base/elementwise.ts";
import { requireOwn } from "./base/own.ts";
import { or } from "./scalar/bits.ts";

export const checkOp = defineOp({
  name: "check",
  summary: "Fails with a message unless a condition holds.",
  operands: [{ name: "predicate" }],
  attributes: { message: { kind: "string", summary: "what the error says" } },
  level: "both",
  effects: { fails: true, observable: true },
  types(x) {
    if (!sameType(x.operands[0], scalar("bool"))) {
      const hint = elementDType(x.operands[0]) === "bool" ? "reduce it with kind = and" : "compare it with 0";
      x.fail("dtype", `the predicate has type ${printType(x.operands[0])}, expected bool`, hint);
    }
    return [];
  },
  eval(x) {
    if (x.operands[0].data[0] === 0) x.fail("check", `check failed: ${x.attributes.message}`);
    return [];
  },
  derivative: { kind: "zero", reason: "it has no results" },
  batching: {
    kind: "rule",
    batch({ operation, operands: [predicate], batched, mask }) {
      // by name, since a program without batches has neither op
      const spread = (to: Value): Value =>
        emit1(requireOwn("broadcast"), [predicate], { types: [to.type], attributes: { axes: [] } });
      const own = batched[0] || mask === null ? predicate : spread(mask);
      const holds = mask === null ? own : or(not(mask), own);
      const all = emit1(requireOwn("reduce"), [holds], { attributes: { kind: "and", axes: [0] } });
      check(all, operation.attributes.message);
      return [];
    },
  },
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "Nothing where the predicate is true; else the run ends with an error that carries the message and the user's line.",
    constraints: ["the predicate is a bool scalar"],
    example: `func @f(%x: f64) -> f64 {
  %zero = constant 0 : f64
  %p = compare %x, %zero, direction = ge : bool
  check %p, message = "x is negative"
  return %x
}
// run: @f(2) == 2
`,
  },
});

/** Fails at run time with `message` unless the bool scalar holds. */
export function check(predicate: Value, message: string): void {
  emit(checkOp, [predicate], { attributes: { message } });
}

export const probeOp = defineOp({
  name: "probe",
  summary: "Shows a value to an observer and passes it on.",
  operands: [{ name: "x" }],
  attributes: { name: { kind: "string", summary: "what the observer is told" } },
  level: "both",
  effects: { observable: true },
  aliases: [0],
  types: (x) => x.operands,
  eval(x) {
    x.observe(x.attributes.name, x.operands[0]);
    return x.operands;
  },
  // the tangent and the cotangent pass without being shown
  derivative: {
    kind: "rule",
    vjp: (x) => [x.cotangent],
    jvp: (x) => x.tangents[0],
  },
  batching: { kind: "elementwise" },
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "x, unchanged. Each time it runs, the observer given to the run sees the name and the value. Backward code repeats no probe.",
    constraints: [],
    example: `func @f(%x: f64) -> f64 {
  %seen = probe %x, name = "x" : f64
  return %seen
}
// run: @f(2) == 2
`,
  },
});

/** `x`, shown to the observer of the run under `name`. */
export function probe(x: Value, name: string): Value {
  return emit1(probeOp, [x], { attributes: { name } });
}
