// Values, gradients and Hessians of expressions against references from outside the project; skipped where they are not at hand.

import { it } from "vitest";
import { compileExpression } from "../src/index.ts";
import {
  describeExpressions,
  expectDerivatives,
  expressionCases,
  hasHessian,
} from "./support/expression-references.ts";

describeExpressions("expressions have the value, gradient and Hessian that mathematics says", () => {
  it.each(expressionCases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    expectDerivatives(compileExpression(c.expr, c.vars, { gradient: true, hessian: hasHessian(c) as true }), c);
  });
});
