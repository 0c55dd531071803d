// plan-in-place and place-results: whose memory results stand in, and that whatever the verifier takes is lowered to the same bits.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fuse,
  inline,
  loopPipeline,
  lowerToLoops,
  placeResults,
  planInPlace,
  tensorPipeline,
} from "../passes/index.ts";
import { interpret, jsBackend } from "../src/backend/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  AdjointError,
  type Block,
  findFunc,
  type Module,
  mapBodies,
  mayReuse,
  type NdArray,
  type Operation,
  printModule,
  reusesOf,
  sameType,
  signatureOf,
  verify,
  walk,
  withOperations,
  withRegions,
  withReuses,
} from "../src/ir/index.ts";
import { dynamicUpdateSliceOp, parse, scatterOp, standardOps } from "../src/ops/index.ts";
import { definePass, Pipeline } from "../src/rewrite/index.ts";
import {
  arbitraryArrayProgram,
  buildArrayProgram,
  checkPass,
  outcomeOf,
  sameOutcome,
  sampleArguments,
} from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const context = { ops: standardOps, fast: false };

function countReuses(module: Module): number {
  let n = 0;
  for (const { body } of module.funcs)
    walk(body, (operation) => {
      n += reusesOf(operation).filter((operand) => operand >= 0).length;
    });
  return n;
}

function countOps({ funcs }: Module, ...names: readonly string[]): number {
  let n = 0;
  for (const { body } of funcs)
    walk(body, ({ op }) => {
      if (names.includes(op.name)) n++;
    });
  return n;
}

describe("plan-in-place", () => {
  it("changes no bit, is idempotent, and passes the verifier", () => {
    for (const pass of [planInPlace, placeResults])
      for (const focus of [[], [dynamicUpdateSliceOp, scatterOp]])
        checkPass(pass, { runs: runs(60).numRuns, programs: { focus, operations: 16 } });
  });

  it("changes no bit of what is lowered behind it", () => {
    const pass = definePass({
      name: "plan-and-lower",
      summary: "Plans, fuses, places and lowers.",
      lowers: "loop",
      run: (module, cx) =>
        [inline, planInPlace, fuse, placeResults, lowerToLoops].reduce((before, step) => step.run(before, cx), module),
    });
    checkPass(pass, { runs: runs(60).numRuns, programs: { focus: [dynamicUpdateSliceOp, scatterOp], operations: 16 } });
  });

  it("changes the parameters of a step where they stand, with what the step reads of them before", () => {
    const module =
      parse(`func @step<B>(%x: f32[B, 40], %y: f32[B, 24], %w: inout f32[40, 24], %v: inout f32[40, 24]) -> (f32[40, 24], f32[40, 24]) {
  %h = dot %x, %w, contract = [1] x [0] : f32[B, 24]
  %e = sub %h, %y : f32[B, 24]
  %g = dot %x, %e, contract = [0] x [0] : f32[40, 24]
  %friction = constant 0.5 : f32[40, 24]
  %kept = mul %v, %friction : f32[40, 24]
  %v_next = add %kept, %g : f32[40, 24]
  %w_next = sub %w, %v_next : f32[40, 24]
  return %w_next, %v_next
}
`);
    const planned = runPasses(
      module,
      new Pipeline([...tensorPipeline.stages, ...loopPipeline.stages.slice(0, 3)]),
    ).module;
    expect(countReuses(planned)).toBe(2);
    const { module: lowered } = runPasses(
      module,
      new Pipeline([...tensorPipeline.stages, ...loopPipeline.stages.slice(0, 4)]),
    );
    // the error of the batch alone is in memory of its own
    expect([countOps(lowered, "contract"), countOps(lowered, "alloc", "for", "copy")]).toEqual([2, 1]);
    const stored: string[] = [];
    for (const { body } of lowered.funcs)
      walk(body, ({ op, operands }) => {
        if (op.name === "store") stored.push(`${operands[1].name}`);
      });
    expect(stored.filter((name) => name === "v" || name === "w").sort()).toEqual(["v", "w"]);
  });

  it("leaves two memories that change places to what reads other elements than it writes", () => {
    const scans = (body: string): number => {
      const module = parse(`func @f(%x: f64[3, 3]) -> f64[3, 3] {
  %last = scan carry(%c: f64[3, 3] = %x), length = 3 : f64[3, 3] {
    ${body}
    yield %y
  }
  return %last
}
`);
      return countReuses([planInPlace, fuse, placeResults].reduce((before, pass) => pass.run(before, context), module));
    };
    const twice = "%a = add %c, %c : f64[3, 3]";
    expect(scans(`${twice}\n    %y = mul %a, %c : f64[3, 3]`)).toBe(1);
    expect(scans(`${twice}\n    %y = permute %a, permutation = [1, 0] : f64[3, 3]`)).toBe(0);
    expect(scans("%t = permute %c, permutation = [1, 0] : f64[3, 3]\n    %y = add %t, %c : f64[3, 3]")).toBe(0);
    expect(scans("%y = dot %c, %c, contract = [1] x [0] : f64[3, 3]")).toBe(0);
  });

  it("leaves a module without tensors as it is", () => {
    const numbers = parse("func @f(%x: f64) -> f64 {\n  %y = neg %x : f64\n  return %y\n}\n");
    expect(planInPlace.run(numbers, context)).toBe(numbers);
    expect(placeResults.run(numbers, context)).toBe(numbers);
  });
});

/** Operations that might reuse memory, by where they stand. */
function candidates(module: Module): readonly (readonly [operation: Operation, result: number, operand: number])[] {
  const found: (readonly [Operation, number, number])[] = [];
  for (const { body } of module.funcs) {
    walk(body, (operation) => {
      for (const [result, { type }] of operation.results.entries())
        for (const [operand, v] of operation.operands.entries())
          if (type.kind === "tensor" && sameType(v.type, type) && mayReuse(operation, operand, result))
            found.push([operation, result, operand]);
    });
  }
  return found;
}

function withReuse(module: Module, of: Operation, result: number, operand: number): Module {
  const changed = (block: Block): Block =>
    withOperations(
      block,
      block.operations.map((o) => {
        if (o === of) return withReuses(o, [...Array.from({ length: result }, () => -1), operand]);
        return withRegions(o, o.regions.map(changed));
      }),
    );
  return mapBodies(module, changed);
}

function isTaken(module: Module): boolean {
  try {
    verify(module, { level: "fused" });
    // of an update that is fused, lowering sees which elements its loops read
    lowerToLoops.run(module, context);
    return true;
  } catch (error) {
    if (error instanceof AdjointError && error.code === "structure") return false;
    throw error;
  }
}

it("what is not refused is lowered to the same bits, whoever says it", () => {
  let [taken, refused] = [0, 0];
  const choices = fc.array(fc.nat(), { minLength: 6, maxLength: 6 });
  const fusions = fc.constantFrom("none", "before", "behind");
  fc.assert(
    fc.property(arbitraryArrayProgram(), choices, fusions, fc.nat(1000), (program, chosen, fusion, seed) => {
      const resolved = inline.run(buildArrayProgram(program), context);
      let module = fusion === "before" ? fuse.run(resolved, context) : resolved;
      for (const n of chosen) {
        const open = candidates(module).filter(([o]) => reusesOf(o).length === 0);
        if (open.length === 0) break;
        const next = withReuse(module, ...open[n % open.length]);
        if (isTaken(next)) [module, taken] = [next, taken + 1];
        else refused++;
      }
      const main = findFunc(module, "main");
      if (main === undefined) throw new Error("no @main");
      const args = (): readonly NdArray[] => sampleArguments(signatureOf(main), {}, seed);
      const expected = outcomeOf((observe) => interpret(resolved, "main", args(), { observe }));
      const behind = fusion === "behind" ? [fuse, placeResults, lowerToLoops] : [lowerToLoops];
      const lowered = behind.reduce((before, pass) => pass.run(before, context), module);
      verify(lowered, { level: "loop" });
      const got = outcomeOf((observe) =>
        jsBackend.compile(lowered, { entry: "main", signature: signatureOf(main), observe }).run(args()),
      );
      if (!sameOutcome(got, expected)) expect(got, printModule(module)).toEqual(expected);
    }),
    runs(200),
  );
  expect(taken).toBeGreaterThan(60);
  expect(refused).toBeGreaterThan(60);
});
