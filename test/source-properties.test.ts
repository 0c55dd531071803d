// Random TypeScript programs: compiled, they give the bits that JavaScript gives when it runs them.

import fc from "fast-check";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { AdjointError } from "../src/ir/index.ts";
import { compileSource } from "../src/source/index.ts";
import { type SourceCase, sourceProgram } from "./support/source-programs.ts";

const times = Number(process.env.ADJOINT_FUZZ ?? 1);

type Run = (...args: unknown[]) => unknown;

function plain(text: string, entry: string): Run {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  return new Function(`${outputText.replace(/^export /gm, "")}\nreturn ${entry};`)() as Run;
}

const inputs = (): readonly unknown[] => [
  1.5,
  -0.75,
  true,
  new Float64Array([0.5, -1.25, 2, 3]),
  [1, 0.25, -2],
  new Int32Array([1, -2, 7]),
];

/** What a run gives and leaves in its arguments, or what it refuses. */
function outcome(f: Run, args: readonly unknown[]): unknown {
  return { result: f(...args), args };
}

describe("a compiled function", () => {
  for (const backend of ["js", "interpret"] as const) {
    it(`gives the bits that JavaScript gives (${backend})`, { timeout: 3_600_000 }, () => {
      fc.assert(
        fc.property(sourceProgram({ isSmooth: false }), ({ text }: SourceCase) => {
          const expected = outcome(plain(text, "main"), inputs());
          let compiled: Run;
          try {
            compiled = compileSource(text, { entry: "main", backend, check: "verify" });
          } catch (error) {
            // an array that two names may mean is refused where it is written to
            if (error instanceof AdjointError && error.code === "unsupported" && /may be/.test(error.message)) return;
            throw error;
          }
          expect(outcome(compiled, inputs())).toStrictEqual(expected);
        }),
        { numRuns: 150 * times },
      );
    });
  }
});
