// checkPass: a pass keeps every bit of random programs, or the smallest program found for which it does not.

import fc from "fast-check";
import { interpret } from "../compile/index.ts";
import { fail, type Module, type NdArray, printModule, requireFunc, signatureOf, verify } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import type { Pass } from "../rewrite/index.ts";
import { type Outcome, outcomeOf, sameOutcome, showOutcome } from "./outcome.ts";
import { arbitraryProgram, buildProgram, type Program, sizesOf } from "./programs.ts";
import { reduceModule } from "./reduce.ts";
import { type Dims, sampleArguments, showArray } from "./values.ts";

export interface CheckPassOptions {
  /** Random programs; 200 where left out. */
  readonly runs?: number;
  readonly seed?: number;
}

/**
 * Runs a pass on random programs and compares what they compute before and after, bit for bit.
 *
 * @throws AdjointError `validate` whose message holds the smallest IR found that the pass gets wrong.
 * @example checkPass(definePass({ name: "my-pass", summary: "…", run: (module) => module }))
 */
export function checkPass(pass: Pass, { runs = 200, seed }: CheckPassOptions = {}): void {
  const result = fc.check(
    fc.property(arbitraryProgram(), fc.nat(1000), (program, valueSeed) => {
      const before = buildProgram(program);
      const after = pass.run(before, { ops: standardOps, fast: false });
      verify(after);
      const main = requireFunc(before, "main");
      const args = sampleArguments(signatureOf(main), sizesOf(program), valueSeed);
      compare(before, after, args);
    }),
    { numRuns: runs, seed },
  );
  if (!result.failed) return;
  const [program, valueSeed] = result.counterexample ?? [];
  const smallest = program === undefined ? null : smallestWrong(pass, program, valueSeed ?? 0);
  const text = smallest === null ? "" : printModule(smallest.module);
  const cause = smallest?.fault ?? result.errorInstance;
  const reason = cause instanceof Error ? cause.message : String(cause);
  fail("validate", `pass ${pass.name} is wrong (seed ${result.seed}): ${reason}\n${text}`, {
    cause,
    reproducer: `// pass: ${pass.name}\n${text}`,
  });
}

/** Inputs tried for each smaller module: what the fault needs may be another one's. */
const triedInputs = 24;

/** The counterexample, reduced, and what is wrong with it. */
function smallestWrong(pass: Pass, program: Program, valueSeed: number): { module: Module; fault: unknown } {
  const sizes = sizesOf(program);
  const faultOf = (module: Module): unknown => {
    for (let k = 0; k < triedInputs; k++) {
      const fault = faultAt(pass, module, sizes, valueSeed + k);
      if (fault !== null) return fault;
    }
    return null;
  };
  const module = reduceModule(buildProgram(program), "main", (smaller) => faultOf(smaller) !== null);
  return { module, fault: faultOf(module) };
}

/** Null where the pass is right, or the module itself does not run on sample inputs. */
function faultAt(pass: Pass, module: Module, sizes: Dims, seed: number): unknown {
  const args = sampleArguments(signatureOf(requireFunc(module, "main")), sizes, seed);
  try {
    interpret(module, "main", args);
  } catch {
    return null;
  }
  try {
    const after = pass.run(module, { ops: standardOps, fast: false });
    verify(after);
    compare(module, after, args);
    return null;
  } catch (error) {
    return error;
  }
}

function compare(before: Module, after: Module, args: readonly NdArray[]): void {
  const run = (module: Module): Outcome => outcomeOf((observe) => interpret(module, "main", args, { observe }));
  const [expected, got] = [run(before), run(after)];
  if (sameOutcome(expected, got)) return;
  throw new Error(`got ${showOutcome(got)}, before ${showOutcome(expected)}, for ${args.map(showArray).join("; ")}`);
}
