// Local identities, applied wherever they match. The rules are data: canonicalize/arithmetic.ts,
// functions.ts, moves.ts and branches.ts.

import { applyRules, definePass, type Pass, type Rule } from "../../src/rewrite/index.ts";
import { arithmeticRules, extrema } from "./canonicalize/arithmetic.ts";
import { branchRules } from "./canonicalize/branches.ts";
import { functionRules } from "./canonicalize/functions.ts";
import { movingRules } from "./canonicalize/moves.ts";

/** All rules, those of class `fast` among them. */
export const canonicalizeRules: readonly Rule[] = [
  ...arithmeticRules,
  ...functionRules,
  ...movingRules,
  ...branchRules,
];

const differentiableArithmetic: readonly Rule[] = arithmeticRules.filter((r) => !extrema.includes(r));

export const canonicalize = definePass({
  name: "canonicalize",
  summary: "Applies local identities such as x * 1 → x until none applies.",
  level: "both",
  idempotent: true,
  example: `func @main(%x: f64) -> f64 {
  %one = constant 1 : f64
  %product = mul %x, %one : f64
  %negated = neg %product : f64
  %y = neg %negated : f64
  return %y
}
`,
  run: (module, cx) => applyRules(module, canonicalizeRules, cx),
});

/** @__NO_SIDE_EFFECTS__ */
const applying = (rules: readonly Rule[]): Pass =>
  definePass({
    name: "canonicalize",
    summary: "Applies some of the local identities.",
    idempotent: true,
    run: (module, cx) => applyRules(module, rules, cx),
  });

/** Without the rules for what programs of numbers do not have. */
export const canonicalizeNumbers = applying([...arithmeticRules, ...functionRules, ...branchRules]);

/** The rules whose two sides have one derivative, also where a derivative is stated rather than given, as at a tie. */
export const canonicalizeBetween = applying([...differentiableArithmetic, ...movingRules, ...branchRules]);

export const canonicalizeNumbersBetween = applying([...differentiableArithmetic, ...branchRules]);
