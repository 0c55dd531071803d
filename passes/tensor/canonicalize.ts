// Local identities, applied wherever they match. The rules are data: canonicalize/arithmetic.ts, functions.ts and structure.ts.

import { applyRules, definePass, type Rule } from "../../src/rewrite/index.ts";
import { arithmeticRules, extrema } from "./canonicalize/arithmetic.ts";
import { functionRules } from "./canonicalize/functions.ts";
import { structureRules } from "./canonicalize/structure.ts";

/** All rules, those of class `fast` among them. */
export const canonicalizeRules: readonly Rule[] = [...arithmeticRules, ...functionRules, ...structureRules];

/** The rules whose two sides have one derivative, also where a derivative is stated rather than given, as at a tie. */
export const differentiableRules: readonly Rule[] = [
  ...arithmeticRules.filter((r) => !extrema.includes(r)),
  ...structureRules,
];

export const canonicalize = definePass({
  name: "canonicalize",
  summary: "Applies local identities such as x * 1 → x until none applies.",
  idempotent: true,
  example: `func @main(%x: f64) -> f64 {
  %one = constant 1 : f64
  %product = mul %x, %one : f64
  %negated = neg %product : f64
  %y = neg %negated : f64
  return %y
}
`,
  run: (module, context) => applyRules(module, canonicalizeRules, context),
});
