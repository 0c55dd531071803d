// Chunks of loops in any order: every iteration runs once, in no more chunks than there are threads.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parallelise, vectorPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { runPasses } from "../src/compile/index.ts";
import { type Module, type NdArray, printModule, verify, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { type PassContext, runPass } from "../src/rewrite/index.ts";
import { javascript } from "../src/target/index.ts";
import { checkPass } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const contextFor = (threads: number): PassContext => ({
  ops: standardOps,
  fast: false,
  target: { ...javascript, name: "threads", threads },
});

/** The numbers of steps of the outermost loops in any order. */
function chunksIn(module: Module): readonly (number | null)[] {
  return module.funcs[0].body.operations
    .filter(({ op }) => op.name === "parallel")
    .map(({ attributes: { lower, upper, step } }) =>
      typeof lower === "number" && typeof upper === "number" ? Math.ceil((upper - lower) / Number(step)) : null,
    );
}

/** How often an iteration ran, by its index, and the index. */
function run(module: Module, size: number): readonly (readonly number[])[] {
  const memory = (): NdArray => ({ dtype: "i32", shape: [size], data: new Int32Array(size) });
  const [counts, values] = [memory(), memory()];
  interpret(module, "main", [counts, values]);
  return [[...counts.data], [...values.data]];
}

const loops = fc.record({
  lower: fc.integer({ min: -3, max: 9 }),
  size: fc.integer({ min: 10, max: 60 }),
  step: fc.integer({ min: 1, max: 7 }),
  isSymbolic: fc.boolean(),
  threads: fc.integer({ min: 1, max: 9 }),
});

describe("parallelise", () => {
  it("runs every iteration once, in no more chunks than there are threads", () => {
    fc.assert(
      fc.property(loops, ({ lower, size, step, isSymbolic, threads }) => {
        const n = isSymbolic ? "N" : String(size);
        const first = Math.max(0, lower);
        const module =
          parse(`func @main${isSymbolic ? "<N>" : ""}(%count: inout memref<i32[${n}]>, %value: inout memref<i32[${n}]>)${isSymbolic ? " where N >= 10" : ""} {
  %one = constant 1 : i32
  parallel %i: index = ${first} to ${n}${lower < 0 ? `-${-lower}` : ""} step ${step} {
    %count_i = load %count[%i] : i32
    %more = add %count_i, %one : i32
    store %more, %count[%i]
    %at = cast %i : i32
    store %at, %value[%i]
  }
  return
}
`);
        const after = runPass(parallelise, module, contextFor(threads));
        verify(after, { level: "loop" });
        expect(run(after, size)).toEqual(run(module, size));
        expect(runPass(parallelise, after, contextFor(threads))).toBe(after);
        if (threads === 1) expect(after).toBe(module);
        else for (const count of chunksIn(after)) expect(count).toBeLessThanOrEqual(threads);
      }),
      runs(300),
    );
  });

  it("keeps every bit of random programs, and cuts loops of many", () => {
    const { changed } = checkPass(parallelise, { runs: runs(150).numRuns });
    expect(changed).toBeGreaterThan(20);
  });

  it("leaves loops whose bounds are index values, and what stands in other loops in any order", () => {
    const text = `func @main<N>(%x: inout memref<f64[N, N]>, %n: i32, %v: f64) {
  %end = subscript %n, of = "x", axis = 0, extent = N : index
  parallel %i: index = 0 to %end {
    parallel %j: index = 0 to N {
      store %v, %x[%i, %j]
    }
  }
  return
}
`;
    const module = parse(text);
    expect(printModule(runPass(parallelise, module, contextFor(4)))).toBe(text);
  });

  it("is the last of what a target with threads runs", () => {
    const text = `func @main<N, M>(%x: f32[N, M]) -> f32[N, M] {
  %e = exp %x : f32[N, M]
  return %e
}
`;
    const { target } = contextFor(4);
    const { module } = runPasses(parse(text), vectorPipeline, { target, check: "validate" });
    expect(chunksIn(module)).toEqual([4]);
    let inside = 0;
    walk(module.funcs[0].body, ({ op }) => void (inside += op.name === "for" ? 1 : 0));
    expect(inside).toBe(1);
    expect(chunksIn(runPasses(parse(text), vectorPipeline).module)).toEqual([]);
  });
});
