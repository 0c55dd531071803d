// Mistakes in IR text: random programs with one thing written wrongly, and what the reader is told.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError, printModule } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { arbitraryProgram, buildProgram } from "../src/testing/index.ts";

/** What the reader gets for a text; the property fails where it is accepted. */
function refused(text: string): { readonly message: string; readonly place: string } {
  try {
    parse(text, { file: "t.ir" });
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    return { message: error.reason, place: `${error.origin?.line}:${error.origin?.column}` };
  }
  throw new Error(`accepted:\n${text}`);
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

const replaced = (text: string, at: number, length: number, by: string): string =>
  text.slice(0, at) + by + text.slice(at + length);

const texts = arbitraryProgram({ operations: 14 }).map((program) => printModule(buildProgram(program)));

/** Checks each text that `mistakes` gives of a random program, chosen at random. */
function forEachMistake(
  mistakes: (text: string) => readonly { readonly text: string; readonly at: number; readonly says: string }[],
): void {
  let seen = 0;
  fc.assert(
    fc.property(texts, fc.nat(), (text, n) => {
      const all = mistakes(text);
      if (all.length === 0) return;
      seen++;
      const { text: wrong, at, says } = all[n % all.length];
      const { message, place } = refused(wrong);
      expect(message).toContain(says);
      expect(place, message).toBe(placeOf(wrong, at));
    }),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(20);
}

describe("one mistake in a text", () => {
  it("an operand without its sign is shown with it", () => {
    forEachMistake((text) =>
      [...text.matchAll(/(?<= = [a-z_0-9]+ (?:%\w+, )*)%([a-z]\w*)(?=[, ])/g)].map((m) => ({
        text: replaced(text, m.index, m[0].length, m[1]),
        at: m.index,
        says: `got '${m[1]}', expected an operand: write %${m[1]}`,
      })),
    );
  });

  it("a returned value without its sign is shown with it", () => {
    forEachMistake((text) =>
      [...text.matchAll(/(?<=(?:return|yield) )%([a-z]\w*)/g)].map((m) => ({
        text: replaced(text, m.index, m[0].length, m[1]),
        at: m.index,
        says: `expected an operand: write %${m[1]}`,
      })),
    );
  });

  it("a word that an attribute does not know is shown with those that it knows", () => {
    forEachMistake((text) =>
      [...text.matchAll(/ ([a-z_]+) [^\n]*?, (\w+) = ([a-z]+)\b/g)].flatMap((m) => {
        const spec = standardOps.get(m[1])?.attributes[m[2]];
        if (spec?.kind !== "word" || spec.words === undefined) return [];
        const at = m.index + m[0].length - m[3].length;
        return [
          {
            text: replaced(text, at, m[3].length, "zzz"),
            at,
            says: `is 'zzz', expected one of ${spec.words.join(", ")}`,
          },
        ];
      }),
    );
  });

  it("the nearest word is suggested", () => {
    for (const op of standardOps.values()) {
      for (const [name, spec] of Object.entries(op.attributes)) {
        for (const word of (spec.kind === "word" && spec.words) || []) {
          if (word.length < 3) continue;
          const { message } = refused(`func @f() {\n  ${op.name} ${name} = ${word}x\n  return\n}\n`);
          expect(message).toMatch(
            new RegExp(`^${op.name}: attribute '${name}' is '${word}x'.*did you mean .*\\b${word}\\b`),
          );
        }
      }
    }
  });

  it("a result type that is not the operation's is pointed out at the operation, also where it is returned", () => {
    forEachMistake((text) =>
      [
        ...text.matchAll(
          /= (neg|abs|exp|sin|cos|log|floor|ceil|sqrt|tanh|atan|erf|add|mul|sub|div|maximum|minimum) %[^\n]*: (f64)/g,
        ),
      ].map((m) => ({
        text: replaced(text, m.index + m[0].length - 3, 3, "u8"),
        at: m.index + 2,
        says: `${m[1]}: the result has`,
      })),
    );
  });

  it("a result type of the signature that is not returned is pointed out in the signature", () => {
    forEachMistake((text) =>
      [...text.matchAll(/-> (f64|f32|i32|bool)/g)].map((m) => ({
        text: replaced(text, m.index + 3, m[1].length, "u32"),
        at: m.index + 3,
        says: "its signature has u32",
      })),
    );
  });
});
