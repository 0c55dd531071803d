// Every expression of the conformance suite as an ordinary TypeScript function: its value, gradient and Hessian are those
// of the references; skipped where they are not at hand.

import { it } from "vitest";
import { compileSource } from "../src/source/index.ts";
import {
  describeExpressions,
  type ExpressionCase,
  expectDerivatives,
  expressionCases,
  hasHessian,
} from "./support/expression-references.ts";

/** What mathematics has and JavaScript lacks, as a user would write it beside. */
const helpers = `const sec = (x: number) => 1 / Math.cos(x);
const csc = (x: number) => 1 / Math.sin(x);
const cot = (x: number) => 1 / Math.tan(x);
`;

const names = Object.getOwnPropertyNames(Math).filter((name) => name !== "constructor");

/** The expression in TypeScript: `^` is `**`, and what Math has stands behind `Math.`. */
function typescript({ expr, vars }: ExpressionCase): string {
  const words = expr.replace(/(?<![\w.])([A-Za-z_]\w*)\b/g, (word) =>
    !vars.includes(word) && names.includes(word) ? `Math.${word}` : word,
  );
  const powers = words.replaceAll("^", "**");
  // JavaScript wants parentheses around a minus before a power, and so does the reader of the text
  const text = powers.replace(/(^|[(,*/+\-<>?:=&|]\s*)-(?=[\w.]+(?:\([^()]*\))?\s*\*\*)/g, "$10 - ");
  return `${helpers}export function f(${vars.map((v) => `${v}: number`).join(", ")}) {\n  return ${text};\n}\n`;
}

describeExpressions("an expression as a TypeScript function has the derivatives of mathematics", () => {
  it.each(expressionCases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    expectDerivatives(compileSource(typescript(c), { entry: "f", gradient: true, hessian: hasHessian(c) }), c);
  });
});
