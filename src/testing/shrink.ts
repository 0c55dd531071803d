// The report of a failure: the smallest program found that still fails, then the smallest inputs, and the rewrite that did it.

import { type Module, printModule } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import type { PassContext, Rule } from "../rewrite/index.ts";
import { showCall } from "./compare.ts";
import { type Fault, faultOf, type Subject } from "./fault.ts";
import type { Dims } from "./generate/programs.ts";
import { makeProgram, type Program } from "./generate/programs.ts";
import { reduceModule } from "./reduce.ts";

export interface Shrunk {
  readonly program: Program;
  readonly fault: Fault;
  /** The rule whose rewrite makes the difference; null where no rule does. */
  readonly rule: string | null;
}

/** The most milliseconds that go into making a failure smaller. */
const mostMilliseconds = 6000;
/** Inputs tried for each smaller module: what the fault needs may be another one's. */
const triedInputs = 6;

export function shrink(
  subject: Subject,
  program: Program,
  fault: Fault,
  seeds: readonly number[],
  timeBudget: number,
): Shrunk {
  const deadline = performance.now() + Math.min(mostMilliseconds, timeBudget);
  const more = Array.from({ length: triedInputs }, (_, i) => i);
  const faultWith = (module: Module, sizes: Dims): Fault | null =>
    performance.now() > deadline
      ? null
      : faultOf(subject, makeProgram(module, sizes), contextOf(subject), [...seeds, ...more]).fault;
  const entry = fault.call?.entry ?? "main";
  let { module, sizes } = program;
  module = reduceModule(module, entry, (smaller) => faultWith(smaller, sizes) !== null);
  for (const smaller of smallerSizes(sizes)) {
    if (faultWith(module, smaller) === null) continue;
    sizes = smaller;
    break;
  }
  const last = faultOf(subject, makeProgram(module, sizes), contextOf(subject), [...seeds, ...more]).fault ?? fault;
  return {
    program: makeProgram(module, sizes),
    fault: last,
    rule: ruleOf(subject, makeProgram(module, sizes), [...seeds, ...more]),
  };
}

function contextOf(subject: Subject): PassContext {
  return { ops: standardOps, fast: subject.fast };
}

/** Smaller sizes of the symbols, the smallest first. */
function* smallerSizes(sizes: Dims): Generator<Dims> {
  const names = Object.keys(sizes);
  for (const size of [1, 2, 3]) yield Object.fromEntries(names.map((name) => [name, Math.min(size, sizes[name])]));
}

/** The most rewrites among which the wrong one is looked for. */
const mostRewrites = 200;

/** The first rewrite without which the program stays right, by letting only so many of them happen. */
function ruleOf(subject: Subject, program: Program, seeds: readonly number[]): string | null {
  let last: Rule | null = null;
  for (let allowed = 1; allowed <= mostRewrites; allowed++) {
    let count = 0;
    const permits = (rule: Rule): boolean => {
      count++;
      if (count === allowed) last = rule;
      return count <= allowed;
    };
    const { fault } = faultOf(subject, program, { ...contextOf(subject), rewrites: { permits } }, seeds);
    if (count === 0) return null;
    if (fault !== null) return (last as Rule | null)?.name ?? null;
    if (count < allowed) return null;
  }
  return null;
}

/** The failure in lines: what differs, the call, the rule, the IR. */
export function describeFault({ program, fault, rule }: Shrunk): string {
  const call = fault.call === null ? "" : `\nfor ${showCall(fault.call)}`;
  const by = rule === null ? "" : `\nby the rule '${rule}'`;
  return `${fault.message}${call}${by}\n${printModule(program.module)}`;
}
