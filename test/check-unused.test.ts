// What checks say of operations that may fail and are not used.

import { describe, expect, it } from "vitest";
import { deadNodeElimination, tensorPipeline } from "../passes/index.ts";
import { jsBackend } from "../src/backend/index.ts";
import { type Module, mapBodies, withOperations } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { definePass } from "../src/rewrite/index.ts";
import { checkBackend, checkPass, checkPipeline } from "../src/testing/index.ts";
import { messageOf } from "./support/errors.ts";

describe("what may fail", () => {
  const gathered = (result: string): Module =>
    parse(`func @main(%x: f64[3], %i: i32, %y: f64) -> f64 {
  %gather = gather %x, %i, offset_axes = [], collapsed_axes = [0], index_map = [0], index_axis = 0, sizes = [1] : f64
  return %${result}
}`);
  const unused = { corpus: [gathered("y")], runs: 0 };

  it("may be removed where nothing uses it", () => {
    expect(checkPass(deadNodeElimination, unused).changed).toBe(1);
    expect(checkPipeline(tensorPipeline, unused).changed).toBe(1);
    expect(checkBackend(jsBackend, unused).changed).toBe(1);
  });

  it("is missed where something does", () => {
    const removed = definePass({
      name: "drop-gather",
      summary: "Is made for a test.",
      run: (module) => mapBodies(module, (body) => withOperations(body, [], [body.arguments[2]])),
    });
    const used = { corpus: [gathered("gather")], runs: 0 };
    expect(messageOf(() => checkPass(removed, used))).toContain("pass drop-gather is wrong");
  });
});
