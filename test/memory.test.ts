// What passes may do with reads and writes of memory: random programs at the loop level keep every bit.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cse, deadNodeElimination, loopInvariantCodeMotion, mergeLoops, shrinkMemory } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { runPasses } from "../src/compile/index.ts";
import { countOperations, type Module, type NdArray, parseModule, verify } from "../src/ir/index.ts";
import { standardOps } from "../src/ops/index.ts";
import { type Pass, Pipeline } from "../src/rewrite/index.ts";
import { memoryPrograms } from "./support/memory-programs.ts";
import { runs } from "./support/runs.ts";

function run(module: Module, p: boolean): readonly (readonly number[])[] {
  const memory = (from: number): NdArray => ({
    dtype: "f64",
    shape: [4],
    data: Float64Array.from([from, 1, 2, 3], (x) => from + x),
  });
  const args: NdArray[] = [{ dtype: "bool", shape: [], data: Uint8Array.of(Number(p)) }, memory(0.5), memory(-7)];
  const results = interpret(module, "main", args);
  return [...results, ...args].map((a) => Array.from(a.data));
}

function passed(module: Module, passes: readonly Pass[]): Module {
  return runPasses(module, new Pipeline(passes.map((pass) => ({ pass, reason: "it is tried" })))).module;
}

describe("programs of memory", () => {
  const tried: readonly (readonly Pass[])[] = [
    [cse],
    [loopInvariantCodeMotion],
    [deadNodeElimination],
    [loopInvariantCodeMotion, cse, deadNodeElimination],
    [shrinkMemory],
    [mergeLoops, shrinkMemory, cse, deadNodeElimination],
  ];
  it.each(tried.map((passes) => [passes.map((pass) => pass.name).join(", "), passes] as const))(
    "keep their bits: %s",
    (_, passes) => {
      let changed = 0;
      let fewer = 0;
      fc.assert(
        fc.property(memoryPrograms, fc.boolean(), (text, p) => {
          const module = parseModule(text, standardOps);
          const after = passed(module, passes);
          verify(after, { level: "loop" });
          expect(run(after, p)).toEqual(run(module, p));
          if (after !== module) changed++;
          if (countOperations(after) < countOperations(module)) fewer++;
        }),
        runs(200),
      );
      expect(changed).toBeGreaterThan(20);
      if (passes.length > 1) expect(fewer).toBeGreaterThan(20);
    },
  );
});
