// Loops that become one, and memory that shrinks: random loops over rows keep every bit, every error and what is seen; rows of
// softmax and its like are swept as often as they have to be.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collapseLoops, cse, deadNodeElimination, mergeLoops, shrinkMemory } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { runPasses } from "../src/compile/index.ts";
import { AdjointError, type Module, type NdArray, parseModule, shapeOf, verify, walk } from "../src/ir/index.ts";
import { allocOp, standardOps } from "../src/ops/index.ts";
import { type Pass, Pipeline } from "../src/rewrite/index.ts";
import { rowPrograms } from "./support/row-programs.ts";
import { runs } from "./support/runs.ts";

/** What a run gives and leaves, and what is seen of it, up to an error. */
function course(module: Module, at: readonly number[]) {
  const memory = (from: number): NdArray => ({
    dtype: "f64",
    shape: [4, 3],
    data: Float64Array.from({ length: 12 }, (_, k) => from + k / 8),
  });
  const [out, last] = [memory(-3), memory(0)];
  const seen: number[][] = [];
  const args: NdArray[] = [{ dtype: "i32", shape: [3], data: Int32Array.from(at) }, memory(1), out, last];
  let results: readonly NdArray[] = [];
  const run = (): void => {
    results = interpret(module, "main", args, { observe: (_, x) => void seen.push(Array.from(x.data)) });
  };
  let error = "";
  try {
    run();
  } catch (e) {
    if (!(e instanceof AdjointError)) throw e;
    error = e.message.replace(/^\S+ /, "");
  }
  return {
    error,
    seen,
    out: Array.from(out.data),
    last: error === "" ? Array.from(last.data) : [],
    results: results.map((r) => Array.from(r.data)),
  };
}

function passed(module: Module, passes: readonly Pass[]): Module {
  return runPasses(module, new Pipeline(passes.map((pass) => ({ pass, reason: "it is tried" })))).module;
}

function loopsIn(module: Module): number {
  let n = 0;
  for (const { body } of module.funcs) walk(body, ({ op }) => void (n += op.loop === null ? 0 : 1));
  return n;
}

/** The elements of all memory that is made. */
function elementsIn(module: Module): number {
  let n = 0;
  for (const { body } of module.funcs) {
    walk(body, ({ op, results }) => {
      if (op === allocOp) n += shapeOf(results[0]).reduce<number>((size, d) => size * Number(d), 1);
    });
  }
  return n;
}

describe("random loops over rows", () => {
  const tried = [
    [mergeLoops],
    [shrinkMemory],
    [mergeLoops, shrinkMemory],
    [mergeLoops, shrinkMemory, cse, deadNodeElimination, collapseLoops],
  ];
  it.each(tried.map((passes) => [passes.map((pass) => pass.name).join(", "), passes] as const))(
    "keep bits, errors and what is seen: %s",
    (_, passes) => {
      let [changed, fewer, failed, smaller] = [0, 0, 0, 0];
      const places = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 7), { minLength: 3, maxLength: 3 });
      fc.assert(
        fc.property(rowPrograms, places, (text, at) => {
          const module = parseModule(text, standardOps);
          const after = passed(module, passes);
          verify(after, { level: "loop" });
          const expected = course(module, at);
          expect(course(after, at)).toEqual(expected);
          if (after !== module) changed++;
          if (expected.error !== "") failed++;
          if (elementsIn(after) < elementsIn(module)) smaller++;
          if (loopsIn(after) < loopsIn(module)) fewer++;
        }),
        runs(300),
      );
      expect(changed).toBeGreaterThan(40);
      expect(failed).toBeGreaterThan(20);
      if (passes.includes(mergeLoops)) expect(fewer).toBeGreaterThan(40);
      if (passes.includes(shrinkMemory) && passes.length > 1) expect(smaller).toBeGreaterThan(40);
    },
  );
});
