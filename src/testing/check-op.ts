// checkOp: everything that an op's record says, tested; or what of it is wrong, with the smallest use found that shows it.

import { AdjointError, fail, type Module, type Op, requireChoice, standsAt } from "../ir/index.ts";
import { showCall } from "./calls.ts";
import { type CheckOptions, type CheckReport, check, defaults, replayLine } from "./check.ts";
import { type DerivativeReport, floats } from "./check-derivative.ts";
import type { Subject } from "./fault.ts";
import type { Program } from "./generate/program.ts";
import { exampleFault } from "./op/example.ts";
import { type Facet, facetFault, facetNames } from "./op/facets.ts";
import { loopCodeFault } from "./op/loop-code.ts";
import { type RecordFault, spellingFault } from "./op/spelling.ts";
import { requireCheckOptions, requireKind } from "./options.ts";
import { type Resolver, resolverOf, tableWith } from "./resolver.ts";

export interface OpCheckOptions extends CheckOptions {
  /** What is not tested: a derivative that is meant to be another one than differences say, for example. */
  readonly without?: readonly Facet[];
}

const defaultRuns = 200;

/**
 * Tests an op by its record, on uses of it that are made from the record:
 * - `text`: a use is valid, prints and parses back;
 * - `types`: results have the types that the type rule infers, with symbols and without, and elements that their dtype holds;
 * - `effect`: a pure op gives the same for the same arguments, writes to none of them and does not fail;
 * - `traits`: a commutative op gives the same bits with its operands swapped, an elementwise one for each element alone, and
 *   one that moves elements gives elements of its operands;
 * - `folding`: constants in place of arguments give the same; the scalar function and its spelling agree on special values;
 * - `code`: the JavaScript of its lowering gives the same bits, errors and observations, optimised and not;
 * - `batching`: as checkBatching;
 * - `derivative`: as checkDerivative.
 * The example of its documentation runs, too; with `runs: 0` it and the spelling are all that is tested; that of an op of the loop level in JavaScript as well, on any numbers. The op need not be in any table.
 *
 * @returns what was tried, and how many elements of derivatives were compared with differences.
 * @throws AdjointError `validate` that says which facet is wrong, with the smallest program found.
 * @example checkOp(swish)
 */
export function checkOp(op: Op, options: OpCheckOptions = {}): DerivativeReport {
  const { without = [], ...rest } = options;
  requireKind("checkOp", op, "op");
  requireCheckOptions("checkOp", rest);
  for (const facet of without) requireChoice("checkOp", "without", facet, [...facetNames]);
  const resolver = resolverOf("checkOp", op, options.programs);
  // the record has been tried then
  const alone = rest.runs === 0 && rest.corpus === undefined ? ({ vacuous: "allow" } as const) : {};
  const table = tableWith(op, options.programs?.ops);
  const stated = (fault: RecordFault | null): void => {
    if (fault !== null) throw failureOf(op, fault, replayLine("checkOp", "op", options, { runs: 0 }));
  };
  const ofExample = (message: string | null): RecordFault | null =>
    message === null ? null : { message, call: null, program: op.docs.example };
  if (!without.includes("folding")) stated(attempted(op, () => spellingFault(op)));
  const tally = { compared: 0, leftOut: 0 };
  const report: CheckReport = !standsAt(op, "tensor")
    ? check("checkOp", unused(op), { ...rest, runs: 0, vacuous: "allow" })
    : check(
        "checkOp",
        subjectOf(resolver, op, { without, tally, options }),
        { ...rest, runs: rest.runs ?? defaultRuns, ...alone, programs: { ...rest.programs, ops: table } },
        options,
      );
  stated(attempted(op, () => ofExample(exampleFault(op, table))));
  if (op.level === "loop" && !without.includes("code"))
    stated(attempted(op, () => ofExample(loopCodeFault(op, table))));
  return { ...report, ...tally };
}

/** What the rules of a record throw is theirs to explain. */
function attempted(op: Op, body: () => RecordFault | null): RecordFault | null {
  try {
    return body();
  } catch (error) {
    if (error instanceof AdjointError) throw error;
    return { message: thrown(error), call: null, program: op.docs.example, cause: error };
  }
}

function thrown(error: unknown): string {
  return `its rules fail with ${String(error)}, expected an AdjointError`;
}

/** What is wrong with the record alone, as the runner says what is wrong with a program. */
function failureOf(op: Op, { message, call, program, cause }: RecordFault, replay: string): AdjointError {
  const inputs = call === null ? [] : [`for ${showCall(call)}`];
  const lines = [`op ${op.name} is wrong: ${message}`, ...inputs, replay, program];
  return new AdjointError("validate", lines.join("\n"), { cause, reproducer: `// op ${op.name}\n${program}` });
}

/** Ops of the loop level stand in no program of tensors: their spelling, and their example on any numbers, are all there is. */
function unused(op: Op): Subject {
  return { name: `op ${op.name}`, kind: "op", level: "tensor", fast: false, run: (module: Module) => module };
}

interface What {
  readonly without: readonly Facet[];
  readonly options: OpCheckOptions;
  readonly tally: { compared: number; leftOut: number };
}

function subjectOf(resolver: Resolver, op: Op, { without, tally, options }: What): Subject {
  const facets = facetNames.filter((facet) => !without.includes(facet));
  // while a failure is made smaller, only what failed is asked
  let found: readonly Facet[] = facets;
  return {
    ...unused(op),
    draw(random, number): Program {
      try {
        return resolver.draw(random, number % 2 === 0 ? floats : undefined);
      } catch (error) {
        if (error instanceof AdjointError) throw error;
        const { seed = defaults.seed } = options;
        const title = `op ${op.name} is wrong (seed ${seed}, program ${number})`;
        const replay = replayLine("checkOp", "op", options, { seed, replay: number });
        return fail("validate", `${title}: ${thrown(error)}\n${replay}`, { cause: error });
      }
    },
    judge(trial) {
      for (const facet of found) {
        const fault = facetFault(facet, { ...trial, resolver, op, tally });
        if (fault === null) continue;
        found = [facet];
        return { fault, after: null };
      }
      return { fault: null, after: null, isTried: true };
    },
  };
}
