// Random TypeScript programs: compiled, they give the bits that JavaScript gives when it runs them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "./support/runs.ts";
import { argumentsFor, compiled, expectPlain, outcomeOf } from "./support/source-programs/outcome.ts";
import { plain, type Run } from "./support/source-programs/plain.ts";
import {
  argumentsAt,
  isSwinging,
  overflows,
  slopeByDifferences,
  slopeByGradient,
  slopeByTangent,
} from "./support/source-programs/slopes.ts";
import { type SourceCase, sourceProgram } from "./support/source-programs.ts";

describe("a compiled function", () => {
  for (const backend of ["js", "interpret"] as const) {
    it(`gives the bits that JavaScript gives, and leaves them in its arguments (${backend})`, () => {
      fc.assert(
        fc.property(sourceProgram({ isSmooth: false }), fc.boolean(), ({ text }: SourceCase, isEdge) => {
          const args = (): unknown[] => argumentsFor(text, isEdge);
          const run = compiled(text, { backend });
          if (run !== undefined) expectPlain(outcomeOf(run, args()), text, args);
        }),
        runs(backend === "js" ? 150 : 80),
      );
    });
  }
});

describe("a program with its gradient", () => {
  it("has the value that JavaScript gives, and leaves its arguments as they were", () => {
    fc.assert(
      fc.property(sourceProgram({ isSmooth: false, isNumber: true }), ({ text }: SourceCase) => {
        const run = compiled(text, { gradient: true });
        if (run === undefined) return;
        const args = argumentsFor(text);
        const { result, error } = outcomeOf(run, args);
        expect(args).toStrictEqual(argumentsFor(text));
        const got = error === undefined ? { result: (result as readonly unknown[])[0] } : { error };
        expectPlain(got, text, () => argumentsFor(text));
      }),
      runs(60),
    );
  });
});

describe("a tuple read at a constant index", () => {
  const items = ["x * y", "x", "-y", "x < y ? x : y", "Math.sin(x)", "x * y + 1"] as const;
  const tuple = fc.array(fc.constantFrom(...items), { minLength: 1, maxLength: 4 });

  it("gives the element, which the tuple keeps", () => {
    fc.assert(
      fc.property(tuple, fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), (elements, reads) => {
        const indices = reads.map((i) => i % elements.length);
        const text = `export function main(x: number, y: number): number {
          ${indices.map((i, k) => `const i${k} = ${i};`).join(" ")}
          const t = [${elements.join(", ")}];
          ${indices.map((_, k) => `const c${k} = t[i${k}];`).join(" ")}
          return ${[...indices.map((_, k) => `c${k}`), ...elements.map((_, k) => `t[${k}]`)].join(" + ")};
        }`;
        const args = [1.5, 0.25] as never[];
        expect((compiled(text, {}) as Run)(...args)).toBe((plain(text) as Run)(...args));
      }),
      runs(40),
    );
  });
});

describe("a smooth program", () => {
  it("has the value that JavaScript gives, and one slope by differences, reverse mode and forward mode", () => {
    fc.assert(
      fc.property(sourceProgram({ isSmooth: true }), ({ text }: SourceCase) => {
        if (compiled(text, {}) === undefined) return;
        const [value, reverse] = slopeByGradient(text);
        const run = plain(text) as Run;
        expect(value).toBe(run(...(argumentsAt(text, 0) as never[])));
        const [again, forward] = slopeByTangent(text);
        expect(again).toBe(value);
        const expected = slopeByDifferences(text);
        if (expected === null) return;
        const size = 1 + Math.abs(expected);
        if (Number.isNaN(forward - reverse) && overflows(text)) return;
        expect(Math.abs(forward - reverse) / size).toBeLessThan(1e-9);
        const off = Math.abs(reverse - expected) / size;
        if (!(off < 1e-4) && isSwinging(text)) return;
        expect(off).toBeLessThan(1e-4);
      }),
      runs(60),
    );
  });
});
