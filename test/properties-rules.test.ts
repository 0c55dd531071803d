// Every rewrite rule of the project on programs made of its own pattern: each applies, and none changes what a program means.

import { describe, expect, it } from "vitest";
import { canonicalizeRules } from "../passes/index.ts";
import { standsAt } from "../src/ir/index.ts";
import { standardOps } from "../src/ops/index.ts";
import type { Rule } from "../src/rewrite/index.ts";
import { checkRule } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

/** Some rules need a certain dtype, equal shapes and constants at once. */
const enough = 24;
const fewApply = 600;

/** How often a rule was applied; an error that names it where it is wrong. */
function timesApplied(rule: Rule): number {
  const tried = (count: number): number => {
    const { rules } = checkRule(rule, { runs: runs(count).numRuns, vacuous: "allow" });
    return rules.get(rule.name) ?? 0;
  };
  return tried(enough) || tried(fewApply);
}

/** Whether a rule rewrites memory, of which no pattern is made: ir-samples/passes/canonicalize-memory.ir shows these. */
function isOfMemory(rule: Rule): boolean {
  return [...standardOps.values()].every((op) => !standsAt(op, "tensor") || !rule.matches(op));
}

describe("each rule", () => {
  const ofClass = (name: Rule["class"]) => canonicalizeRules.filter((rule) => rule.class === name && !isOfMemory(rule));

  it("keeps every bit of programs made of its pattern, and applies to some of them", () => {
    const idle = ofClass("exact").filter((rule) => timesApplied(rule) === 0);
    expect(idle.map((rule) => rule.name)).toEqual([]);
  });

  it("of class fast gives nearly the same, and applies to some of them", () => {
    const idle = ofClass("fast").filter((rule) => timesApplied(rule) === 0);
    expect(idle.map((rule) => rule.name)).toEqual([]);
  });
});
