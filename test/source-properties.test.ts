// Random TypeScript programs: compiled, they give the bits that JavaScript gives when it runs them.

import fc from "fast-check";
import { describe, it } from "vitest";
import { argumentsFor, compiled, expectPlain, outcomeOf } from "./support/source-programs/outcome.ts";
import { type SourceCase, sourceProgram } from "./support/source-programs.ts";

const times = Number(process.env.ADJOINT_FUZZ ?? 1);
const timeout = 3_600_000;

describe("a compiled function", () => {
  for (const backend of ["js", "interpret"] as const) {
    it(`gives the bits that JavaScript gives, and leaves them in its arguments (${backend})`, { timeout }, () => {
      fc.assert(
        fc.property(sourceProgram({ isSmooth: false }), fc.boolean(), ({ text }: SourceCase, isEdge) => {
          const args = (): unknown[] => argumentsFor(text, isEdge);
          const run = compiled(text, { backend });
          if (run !== undefined) expectPlain(outcomeOf(run, args()), text, args);
        }),
        { numRuns: 200 * times },
      );
    });
  }
});
