// adjoint/ir: its parser takes the standard ops unless it is given a table.

import { describe, expect, it } from "vitest";
import { ops, parseModule, printModule } from "../src/entry/ir.ts";
import { errorOf } from "./support/errors.ts";

const text = "func @f(%x: f64) -> f64 {\n  %y = sin %x : f64\n  return %y\n}\n";

describe("parseModule of adjoint/ir", () => {
  it("knows the standard ops", () => {
    expect(printModule(parseModule(text))).toBe(text);
    expect(parseModule(text, ops.standardOps, { file: "a.ir" }).funcs[0].body.operations[0].origin?.file).toBe("a.ir");
    expect(parseModule(text, undefined, { file: "a.ir" }).funcs[0].body.operations[0].origin?.file).toBe("a.ir");
  });

  it("knows no more than a table that it is given", () => {
    const table = new Map([["cos", ops.records.cos]]);
    expect(errorOf(() => parseModule(text, table)).message).toBe(
      "<ir>:2:8 unknown op 'sin': ops of your own go into the parser's op table",
    );
  });

  it("refuses what is no table, and no text", () => {
    const wrong = (x: unknown): never => x as never;
    expect(errorOf(() => parseModule(text, wrong({ file: "a.ir" }))).message).toContain(
      "the ops are no Map: write new Map",
    );
    expect(errorOf(() => parseModule(wrong(3))).message).toContain("got a value of type number, expected IR text");
  });
});
