// Values, gradients and Hessians of expressions against references from outside the project; skipped where they are not at hand.

import { describe, it } from "vitest";
import { compileExpression } from "../src/index.ts";
import { expectDerivatives, expressionCases, hasHessian } from "./support/expression-references.ts";

describe.skipIf(expressionCases.length === 0)(
  "expressions have the value, gradient and Hessian that mathematics says",
  () => {
    it.each(expressionCases.map((c) => [c.name, c] as const))("%s", (_, c) => {
      expectDerivatives(compileExpression(c.expr, c.vars, { gradient: true, hessian: hasHessian(c) }), c);
    });
  },
);
