// What holds for all programs that change arrays under conditions: memory that is written to again shows in no result.

import fc from "fast-check";
import { expect, it } from "vitest";
import { gradPipeline, inline, lowerToLoops } from "../passes/index.ts";
import { InPlacePlan, inPlacePlanOfBody } from "../passes/loop/lower-to-loops/in-place.ts";
import { type Executable, interpret, jsBackend } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  type Block,
  findFunc,
  loopOf,
  type Module,
  type NdArray,
  printModule,
  signatureOf,
  verify,
} from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import {
  arbitraryArrayProgram,
  buildArrayProgram,
  gradientOfArrayProgram,
  type Outcome,
  outcomeOf,
  sameOutcome,
  sampleArguments,
  showOutcome,
} from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const context = { ops: standardOps, fast: false };

function mainOf(module: Module) {
  const main = findFunc(module, "main");
  if (main === undefined) throw new Error("no @main");
  return main;
}

function interpreted(module: Module, args: readonly NdArray[]): Outcome {
  return outcomeOf((observe) => interpret(module, "main", args, { observe }));
}

/** Both of what the module compiles to and of what it is when only lowered; nothing stays in memory for a second run. */
function sameTwice(module: Module, args: readonly NdArray[], expected: Outcome): void {
  const lowered = lowerToLoops.run(inline.run(module, context), context);
  verify(lowered, { level: "loop" });
  const signature = signatureOf(mainOf(module));
  const compilers: readonly ((observe: Observe) => Executable)[] = [
    (observe) => jsBackend.compile(lowered, { entry: "main", signature, observe }),
    (observe) => compileModule(module, { backend: "js", check: "verify", observe }).executable,
  ];
  for (const compile of compilers) {
    let observe: Observe = () => {};
    const executable = compile((name, value) => observe(name, value));
    const run = (): Outcome =>
      outcomeOf((seen) => {
        observe = seen;
        return executable.run(args);
      });
    for (const got of [run(), run()]) {
      if (!sameOutcome(got, expected)) expect(showOutcome(got), printModule(module)).toBe(showOutcome(expected));
    }
  }
}

type Observe = (name: string, value: NdArray) => void;

const seeds = fc.nat(1000);

it("programs on arrays give the interpreter's bits, and leave their arguments as they were", () => {
  fc.assert(
    fc.property(arbitraryArrayProgram(), seeds, (program, seed) => {
      const module = buildArrayProgram(program);
      verify(module);
      const sample = (): readonly NdArray[] => sampleArguments(signatureOf(mainOf(module)), {}, seed);
      const args = sample();
      const expected = interpreted(module, args);
      sameTwice(module, args, expected);
      expect(args).toEqual(sample());
    }),
    runs(400),
  );
});

it("so do their gradients", () => {
  fc.assert(
    fc.property(arbitraryArrayProgram(2), seeds, (program, seed) => {
      const module = parse(gradientOfArrayProgram(program));
      const args = sampleArguments(signatureOf(mainOf(module)), {}, seed);
      const resolved = runPasses(module, gradPipeline).module;
      sameTwice(resolved, args, interpreted(resolved, args));
    }),
    runs(150),
  );
});

/** How many results of branches stand in the memory of what was there before. */
function takenIn(block: Block, takeovers: InPlacePlan): number {
  let n = 0;
  for (const operation of block.operations) {
    const { regions, sources } = takeovers.branchPlanOf(operation);
    n += sources.filter((source) => source !== null).length;
    for (const [i, region] of operation.regions.entries()) {
      const loop = loopOf(operation);
      const own = loop !== null ? inPlacePlanOfBody(loop) : regions[i];
      if (i === operation.regions.length - 1 || regions.length > 0) n += takenIn(region, own);
    }
  }
  return n;
}

it("many such programs have branches that write in place", () => {
  const programs = fc.sample(arbitraryArrayProgram(), { numRuns: 400, seed: 3 });
  const bodies = programs.map((program) => mainOf(buildArrayProgram(program)).body);
  const inPlace = bodies.filter((body) => takenIn(body, new InPlacePlan(body, [])) > 0);
  expect(inPlace.length).toBeGreaterThan(60);
});
