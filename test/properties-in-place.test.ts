// What holds for all programs that change arrays under conditions: memory that is written to again shows in no result.

import fc from "fast-check";
import { expect, it } from "vitest";
import { gradPipeline, inline, lowerToLoops, placeResults, planInPlace } from "../passes/index.ts";
import { type Executable, interpret, jsBackend } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  findFunc,
  type Module,
  type NdArray,
  printModule,
  Reuses,
  signatureOf,
  verify,
  walk,
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
  const planned = placeResults.run(planInPlace.run(inline.run(module, context), context), context);
  verify(planned, { level: "fused" });
  const lowered = lowerToLoops.run(planned, context);
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

/** What an arbitrary gives. */
type Given<A> = A extends fc.Arbitrary<infer T> ? T : never;

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
function takenIn(module: Module): number {
  const { body } = mainOf(planInPlace.run(module, context));
  const reuses = new Reuses(body);
  let n = 0;
  walk(body, (operation) => {
    if (operation.op.traits.branches)
      n += operation.results.filter((_, k) => reuses.branchSource(operation, k) !== undefined).length;
  });
  return n;
}

it("many such programs have branches that write in place", () => {
  const programs = fc.sample(arbitraryArrayProgram(), { numRuns: 400, seed: 3 });
  const inPlace = programs.filter((program) => takenIn(buildArrayProgram(program)) > 0);
  expect(inPlace.length).toBeGreaterThan(60);
});

/** A line of a matrix: a row or a column, with the number of one or where an argument says. */
const line = fc.record({ axis: fc.constantFrom(0, 1), at: fc.constantFrom("%i", "%j", "%zero", "%one") });
const change = fc.record({
  reads: fc.array(line, { minLength: 1, maxLength: 3 }),
  to: line,
  kind: fc.constantFrom("set", "add"),
  turns: fc.boolean(),
});

/** A loop that changes lines of a square matrix, by what others hold at the time, one of them possibly turned round. */
function linesProgram(changes: readonly Given<typeof change>[]): string {
  const numbers = (axis: number): string =>
    `collapsed_axes = [${axis}], index_map = [${axis}], index_axis = 0, sizes = [${axis === 0 ? "1, 3" : "3, 1"}]`;
  const lines = changes.flatMap(({ reads, to, kind, turns }, n) => {
    const gathered = reads.map(
      ({ axis, at }, k) => `%r${n}_${k} = gather %a${n}, ${at}, offset_axes = [0], ${numbers(axis)} : f64[3]`,
    );
    const sums = reads
      .slice(1)
      .map((_, k) => `%s${n}_${k + 1} = add %${k === 0 ? "r" : "s"}${n}_${k}, %r${n}_${k + 1} : f64[3]`);
    const sum = reads.length === 1 ? `%r${n}_0` : `%s${n}_${reads.length - 1}`;
    const turned = turns ? [`%t${n} = reverse ${sum}, axes = [0] : f64[3]`] : [];
    const update = `kind = ${kind}, update_axes = [0], inserted_axes = [${to.axis}], index_map = [${to.axis}], index_axis = 0`;
    const value = turns ? `%t${n}` : sum;
    return [...gathered, ...sums, ...turned, `%a${n + 1} = scatter %a${n}, ${to.at}, ${value}, ${update} : f64[3, 3]`];
  });
  return `func @main(%x: f64[3, 3], %i: i32, %j: i32) -> f64[3, 3] {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %y = scan carry(%a0: f64[3, 3] = %x), length = 2 : f64[3, 3] {
    ${lines.join("\n    ")}
    yield %a${changes.length}
  }
  return %y
}`;
}

it("lines of a matrix change by what others held before", () => {
  const numbers = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), numbers, numbers, (changes, i, j) => {
      const module = parse(linesProgram(changes));
      const x: NdArray = { dtype: "f64", shape: [3, 3], data: Float64Array.of(1, 2, 3, 5, 7, 11, 13, 17, 19) };
      const index = (n: number): NdArray => ({ dtype: "i32", shape: [], data: Int32Array.of(n) });
      const args = [x, index(i), index(j)];
      const expected = interpreted(module, args);
      if (typeof expected.results !== "string") sameTwice(module, args, expected);
    }),
    runs(300),
  );
});
