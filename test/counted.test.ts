// Counts in messages: one thing has no plural, and no message writes its own.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counted } from "../src/ir/index.ts";

const root = join(import.meta.dirname, "..");

describe("counted", () => {
  it.each([
    [0, "operand", "0 operands"],
    [1, "operand", "1 operand"],
    [2, "axis", "2 axes"],
    [3, "entry", "3 entries"],
    [4, "index", "4 indices"],
    [5, "array", "5 arrays"],
    [6, "pass", "6 passes"],
  ] as const)("%d %s", (n, noun, text) => {
    expect(counted(n, noun)).toBe(text);
  });

  it("has the singular of 1 alone", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom("result", "axis", "entry"), (n, noun) => {
        expect(counted(n, noun) === `${n} ${noun}`).toBe(n === 1);
      }),
    );
  });

  it("writes the counts of the messages of every file", () => {
    const nouns =
      "operands|arguments|results|values|axes|entries|types|regions|elements|extents|tangents|subscripts|tensors";
    const byHand = new RegExp(`(fail|Error|reason =)[^\\n]*\\$\\{[\\w.#]*(length|count|size|given)\\} (${nouns})\\b`);
    const files = ["src", "passes"].flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).flatMap((file) =>
        file.endsWith(".ts") ? [join(room, file)] : [],
      ),
    );
    expect(files.length).toBeGreaterThan(200);
    const found = files.flatMap((file) =>
      readFileSync(join(root, file), "utf8")
        .split("\n")
        // sizes that are too large, and text of the code that is generated, which stands for itself
        .filter((line) => byHand.test(line) && !/too many|2\^31|\\\$/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });
});
