// A target with vectors and without JavaScript: its pipeline on samples and random programs, run in the interpreter.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandMath, inline, loopPipeline, scalarise, standardPasses, vectorPipeline } from "../passes/index.ts";
import { interpret, Validator } from "../src/backend/index.ts";
import { runPasses } from "../src/compile/index.ts";
import { dtypes, type Module, mapBodies, type NdArray, verify, walk, withOperations } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { definePass, type Pass, type PassContext, Pipeline, runPass } from "../src/rewrite/index.ts";
import { javascript, type Target } from "../src/target/index.ts";
import { arbitraryProgram, buildProgram, checkPass, checkPipeline } from "../src/testing/index.ts";
import { messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

/** Eight numbers of 32 bits in a vector. */
const wide: Target = { ...javascript, name: "wide", vectorBits: 256, threads: 4 };
/** The same, with tails in part of a vector. */
const counting: Target = { ...wide, name: "counting", countsLanes: true };

/** A pass for a target, whatever target the pipeline is for. */
function passFor(target: Target, pass: Pass): Pass {
  return { ...pass, run: (module: Module, cx: PassContext) => pass.run(module, { ...cx, target }) };
}

function pipelineFor(target: Target): Pipeline {
  return new Pipeline(vectorPipeline.stages.map((stage) => ({ ...stage, pass: passFor(target, stage.pass) })));
}

function vectorsIn(module: Module): number {
  let count = 0;
  for (const { body } of module.funcs)
    walk(body, ({ results }) => {
      count += results.filter(({ type }) => type.kind === "vector").length;
    });
  return count;
}

describe.each([wide, counting])("a target with vectors: $name", (target) => {
  it("its pipeline keeps every bit of random programs", () => {
    const { changed } = checkPipeline(pipelineFor(target), { runs: runs(150).numRuns });
    expect(changed).toBeGreaterThan(50);
  });

  it("vectorise keeps every bit of random programs, and finds loops in many", () => {
    let vectors = 0;
    const pass = standardPasses.get("vectorise");
    if (pass === undefined) throw new Error("no pass vectorise");
    const counted = definePass({
      ...pass,
      small: undefined,
      run(module, cx) {
        const after = runPass(pass, module, { ...cx, target });
        verify(after, { level: "vector" });
        if (vectorsIn(after) > 0) vectors++;
        return after;
      },
    });
    checkPass(counted, { runs: runs(150).numRuns });
    expect(vectors).toBeGreaterThan(20);
  });
});

it("scalarise keeps every bit of what vectorise makes", () => {
  const { changed } = checkPass(scalarise, { runs: runs(150).numRuns });
  expect(changed).toBeGreaterThan(20);
});

describe("the option check: validate", () => {
  const text = `func @main<N>(%x: f64[N], %s: f64) -> (f64[N], f64) {
  %rows = broadcast %s, axes = [] : f64[N]
  %y = mul %x, %rows : f64[N]
  %t = exp %s : f64
  return %y, %t
}
`;

  it("compares what is in memory after passes that lower, and after those behind them", () => {
    for (const target of [wide, counting]) {
      const { module } = runPasses(parse(text), pipelineFor(target), { check: "validate" });
      expect(vectorsIn(module)).toBeGreaterThan(0);
    }
    expect(runPasses(parse(text), loopPipeline, { check: "validate" }).log.entries.length).toBeGreaterThan(3);
  });

  it("finds the pass that writes something else", () => {
    const wrong = definePass({
      name: "forgets-tails",
      summary: "Leaves out what is left over of vectors.",
      level: "vector",
      run: (module) =>
        mapBodies(module, (body) =>
          withOperations(
            body,
            body.operations.filter(({ op, attributes }) => op.loop === null || attributes.step !== 1),
          ),
        ),
    });
    const run = (): unknown =>
      runPasses(parse(text), pipelineFor(wide).insertAfter("vectorise", wrong), { check: "validate" });
    expect(messageOf(run)).toMatch(/pass forgets-tails: changed @main: result 1 is f64\[\d+\] \(.*, was f64\[\d+\] \(/);
  });
});

it("a target with threads has loops in any order, wherever nothing depends on it", () => {
  const names = new Set<string>();
  const { module } = runPasses(
    parse(`func @main<N, M>(%x: f32[N, M]) -> (f32[N], f32[N, M]) {
  %s = reduce %x, kind = sum, axes = [1] : f32[N]
  %e = exp %x : f32[N, M]
  return %s, %e
}
`),
    pipelineFor(wide),
    { check: "verify" },
  );
  // what a range of steps runs is a function of its own
  const [{ body }] = module.funcs;
  for (const { op } of body.operations) names.add(op.name);
  expect(names.has("parallel")).toBe(true);
  expect(names.has("for")).toBe(false);
});

describe("functions of f32 as operations", () => {
  const target: Target = { ...wide, name: "expanding", expands: true };
  const cx: PassContext = { ops: standardOps, fast: false, target };
  const single = [...standardOps.values()].filter(({ scalar }) => scalar?.single !== undefined);

  it("have the same bits in vectors, in tails and on tensors, wherever they stand", () => {
    const program = arbitraryProgram({ operations: 12, transforms: false, focus: single });
    let expanded = 0;
    fc.assert(
      fc.property(program, (drawn) => {
        const given = inline.run(buildProgram(drawn), cx);
        const before = expandMath.run(given, cx);
        if (before === given) return;
        expanded++;
        const validator = new Validator();
        validator.compare(given, before);
        validator.compare(given, runPasses(given, pipelineFor(target), { check: "verify" }).module);
      }),
      runs(60),
    );
    expect(expanded).toBeGreaterThan(10);
  });

  it("stay as they are for a target that calls functions", () => {
    const module = parse("func @main<N>(%x: f32[N]) -> f32[N] {\n  %y = exp %x : f32[N]\n  return %y\n}\n");
    expect(runPass(expandMath, module, { ops: standardOps, fast: false })).toBe(module);
  });
});

describe("reductions along the last axis", () => {
  const kinds = { f32: ["sum", "prod", "max", "min"], f64: ["sum", "max"], i32: ["sum", "prod", "min"] } as const;
  const reduction = fc.constantFrom<keyof typeof kinds>("f32", "f64", "i32").chain((dtype) =>
    fc.record({
      dtype: fc.constant(dtype),
      kind: fc.constantFrom(...kinds[dtype]),
      length: fc.integer({ min: 0, max: 70 }),
      isOpen: fc.boolean(),
      of: fc.constantFrom("%x", "%y"),
    }),
  );

  it("have their accumulators in lanes, and every bit", () => {
    let vectors = 0;
    fc.assert(
      fc.property(reduction, fc.constantFrom(wide, counting), ({ dtype, kind, length, isOpen, of }, target) => {
        const shape = `[3, ${isOpen ? "N" : length}]`;
        const text = `func @main${isOpen ? "<N>" : ""}(%x: ${dtype}${shape}, %row: ${dtype}[3]) -> ${dtype}[3] {
  %rows = broadcast %row, axes = [0] : ${dtype}${shape}
  %y = mul %x, %rows : ${dtype}${shape}
  %s = reduce ${of}, kind = ${kind}, axes = [1] : ${dtype}[3]
  return %s
}
`;
        const data = new dtypes[dtype].array(3 * length).map((_, i) => ((i * 7919) % 31) / 4 - 3);
        const row = new dtypes[dtype].array([1.25, -3, 7]);
        const args = (): NdArray[] => [
          { dtype, shape: [3, length], data },
          { dtype, shape: [3], data: row },
        ];
        const { module } = runPasses(parse(text), pipelineFor(target), { check: "verify" });
        vectors += vectorsIn(module);
        const out = { dtype, shape: [3], data: new dtypes[dtype].array(3) };
        interpret(module, "main", [...args(), out]);
        expect([...out.data]).toEqual([...interpret(parse(text), "main", args())[0].data]);
      }),
      runs(120),
    );
    expect(vectors).toBeGreaterThan(100);
  });
});
