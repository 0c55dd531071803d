// Rules and a pass under Vitest: each is tried on programs of its own patterns, and what failed once stays in a corpus.

import { ops } from "adjoint/ir";
import { applyRules, definePass, rule, tensorPipeline, vocabulary } from "adjoint/passes";
import { checkPass, checkPipeline, checkRule } from "adjoint/testing";
import { describe, expect, it } from "vitest";

const p = vocabulary(ops.records);

const rules = [
  rule(
    "-x * y → -(x * y)",
    (x, y) => p.mul(p.neg(x), y),
    (x, y) => ops.neg(ops.mul(x, y)),
  ),
  rule(
    "x * 2 → x + x",
    (x) => p.mul(x, 2),
    (x) => ops.add(x, x),
  ),
];

const simplify = definePass({
  name: "simplify",
  summary: "Applies the rules above.",
  run: (module, context) => applyRules(module, rules, context),
});

// a busy machine is slow, not wrong: no clock ends a check
describe("our rules keep every bit", { timeout: 0 }, () => {
  it.each(rules.map((r) => [r.name, r]))("%s", (_, r) => {
    expect(checkRule(r, { runs: 200 }).changed).toBeGreaterThan(0);
  });

  it("in one pass", () => {
    const { rules: applied } = checkPass(simplify, { runs: 200, corpus: "test/corpus" });
    for (const { name } of rules) expect(applied.get(name), name).toBeGreaterThan(0);
  });

  it("in the pipeline", () => {
    expect(checkPipeline(tensorPipeline.insertAfter("cse", simplify), { runs: 30 }).changed).toBeGreaterThan(0);
  });
});
