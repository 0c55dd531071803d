// Steps of a scan side by side: every bit is that of the steps one after another, and a column of a Jacobian has those of jvp.

import fc from "fast-check";
import { expect, it } from "vitest";
import { standardPasses } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { compileModule } from "../src/compile/index.ts";
import {
  buildFunc,
  type Func,
  findFunc,
  type Module,
  makeFunc,
  makeModule,
  printModule,
  requireFunc,
  signatureOf,
  type TensorType,
  tensorType,
  type Value,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import {
  arbitraryProgram,
  buildProgram,
  outcomeOf,
  sameArrays,
  sampleArguments,
  sizesOf,
} from "../src/testing/index.ts";
import { argumentsIn, expectBits, typesAlong } from "./support/mapped.ts";
import { runs } from "./support/runs.ts";

const run = (module: Module, ...names: readonly string[]): Module =>
  names.reduce((m, name) => standardPasses.get(name)?.run(m, { ops: ops.standardOps, fast: false }) ?? m, module);

/** The module with @scanned: for each row of the arguments named, @main once for each of `steps` iterations of a loop. */
function withScanned(module: Module, scanned: readonly number[], count: number, steps: number): Module {
  const main = signatureOf(findFunc(module, "main") as Func);
  const types = typesAlong(main, scanned, count);
  const func = buildFunc(
    { name: "scanned", symbols: main.symbols, constraints: main.constraints },
    types,
    (...args: Value[]) => {
      const i32 = tensorType("i32", []);
      const step = (rows: readonly Value[]): readonly Value[] => {
        const given = args.map((a, i) => (scanned.includes(i) ? rows[scanned.indexOf(i)] : a));
        const inits = [ops.constant(0, i32), ...main.results.map((type) => ops.zeros(type as TensorType))];
        return ops
          .whileLoop(
            inits,
            (k) => ops.compare(k, ops.constant(steps, i32), "lt"),
            (k) => [ops.add(k, ops.constant(1, i32)), ...ops.call(main, given)],
          )
          .slice(1);
      };
      return ops.scan(
        [],
        scanned.map((i) => args[i]),
        (_, rows) => ({ carry: [], out: step(rows) }),
      );
    },
  );
  return makeModule([...module.funcs.map((f) => makeFunc({ ...f, visibility: "private" })), func]);
}

const shapes = fc.record({
  count: fc.constantFrom(4, 5, 67),
  steps: fc.constantFrom(1, 3, 20),
  mask: fc.integer({ min: 1, max: 15 }),
  seed: fc.nat(1000),
});

it("gives the bits of the steps one after another", () => {
  let batched = 0;
  const check = (
    program: Parameters<typeof buildProgram>[0],
    { count, steps, mask, seed }: { count: number; steps: number; mask: number; seed: number },
  ): void => {
    const module = buildProgram(program);
    fc.pre(!printModule(module).includes("list<") && signatureOf(requireFunc(module, "main")).arguments.length > 0);
    const main = signatureOf(requireFunc(module, "main"));
    const before = run(withScanned(module, argumentsIn(mask, main), count, steps), "inline");
    const after = run(before, "batch-scans");
    if (after === before) return;
    batched++;
    const args = sampleArguments(signatureOf(findFunc(before, "scanned") as Func), sizesOf(program), seed);
    const expected = outcomeOf(() => interpret(before, "scanned", args));
    const got = outcomeOf(() => interpret(after, "scanned", args));
    if (typeof expected.results === "string") {
      expect(typeof got.results, printModule(after)).toBe("string");
      return;
    }
    expectBits(got, expected.results, after);
    const compiled = compileModule(before, { entry: "scanned", backend: "js" }).executable.run(args);
    expect(sameArrays(compiled, expected.results), printModule(after)).toBe(true);
  };
  fc.assert(fc.property(arbitraryProgram(), shapes, check), runs(200));
  expect(batched).toBeGreaterThan(20);
});
