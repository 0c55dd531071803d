// Values, gradients and Hessians of expressions against references from outside the project; skipped where they are not at hand.

import { describe, it } from "vitest";
import { compileExpression } from "../src/index.ts";
import { expectReferences, hasHessian, referenceExpressions } from "./support/reference-expressions.ts";

const cases = referenceExpressions.map((c) => [c.name, c] as const);

describe.skipIf(cases.length === 0)("expressions have the value, gradient and Hessian that mathematics says", () => {
  it.each(cases)("%s", (_, c) => {
    const f = compileExpression(c.expr, c.vars, { gradient: true, hessian: hasHessian(c) });
    expectReferences(c, f);
  });
});
