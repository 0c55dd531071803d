// The report of a failure: the smallest program found that still fails, then the smallest inputs, and the rewrite that did it.

import { countOperations, type Module, type OpTable, printModule } from "../ir/index.ts";
import { compareModules, type PassContext, printChanges } from "../rewrite/index.ts";
import { type Blamed, blamedRewrite, describeRewrite } from "./blame.ts";
import { inputsOf, keptCalls, showCall, smallerCalls, withInputs } from "./calls.ts";
import { TimeBudget } from "./clock.ts";
import { withinSteps } from "./compare.ts";
import { type Fault, faultOf, type Subject, type WrongPart } from "./fault.ts";
import { type Call, type Dims, makeProgram, type Program } from "./generate/program.ts";
import { simplestInputs } from "./inputs.ts";
import { reduceModule } from "./reduce.ts";

export interface Shrunk {
  readonly program: Program;
  readonly fault: Fault;
  /** The rewrite that makes the difference; null where none does. */
  readonly rewrite: Blamed | null;
  /** What changed, where no rewrite is named; empty where that is too long to read. */
  readonly changes: string;
}

/** Operations of one run, of which the first suffices that shows the fault. */
const stepLimits = [1000, 4000, 16_000, 50_000];
/** The most milliseconds of processor time that go into smaller inputs. They limit how small, never the verdict. */
const forInputs = 1500;
/**
 * Inputs tried for each smaller module beside its own: what the fault needs may be another one's, and the fewer elements there
 * are, the fewer special ones among them. What a subject judges itself takes longer.
 */
function triedInputs(module: Module, { judge }: Subject): number {
  if (judge !== undefined) return 1;
  return countOperations(module) > 8 ? 6 : 24;
}

interface ShrinkOptions {
  readonly ops: OpTable;
  /** As in the options of the check. */
  readonly origins: boolean | undefined;
  /** The most milliseconds of processor time that go into a smaller program. */
  readonly timeBudget: number;
}

type Judge = (program: Program, inputs: readonly number[], context?: PassContext) => Fault | null;

export function shrink(
  subject: Subject,
  program: Program,
  fault: Fault,
  seeds: readonly number[],
  { ops, origins, timeBudget }: ShrinkOptions,
): Shrunk {
  const time = new TimeBudget(timeBudget);
  const triedFor = (m: Module): readonly number[] => [
    ...seeds,
    ...Array.from({ length: triedInputs(m, subject) }, (_, i) => i),
  ];
  const context: PassContext = { ops, fast: subject.fast };
  const asked = remembering(subject);
  const judge: Judge = (candidate, inputs, cx = context) =>
    withinSteps(steps, () => faultOf(asked, { program: candidate, context: cx, seeds: inputs, origins }).fault);
  // a smaller program that takes longer than this one loops for ever, most likely
  let steps = 0;
  for (steps of stepLimits) if (judge({ ...program, call: fault.call ?? undefined }, seeds) !== null) break;
  let last = fault;
  let { module, sizes } = program;
  // a wrong number does not become a module that is not valid: that would be another fault
  const judged = (candidate: Program, inputs: readonly number[]): Fault | null => {
    const found = judge(candidate, inputs);
    return found !== null && (found.call === null) === (fault.call === null) ? found : null;
  };
  const faultWith = (smaller: Module, smallerSizes: Dims): Fault | null => {
    if (time.isSpent) return null;
    for (const call of last.call === null ? [] : keptCalls(last.call, module, smaller, smallerSizes)) {
      const kept = judged(makeProgram(smaller, smallerSizes, call), []);
      if (kept !== null) return kept;
    }
    return judged(makeProgram(smaller, smallerSizes), triedFor(smaller));
  };
  const entry = fault.call?.entry ?? program.module.funcs.findLast((f) => f.visibility === "public")?.name ?? "main";
  const take = (smaller: Module, smallerSizes: Dims): boolean => {
    const found = faultWith(smaller, smallerSizes);
    if (found === null) return false;
    last = found;
    [module, sizes] = [smaller, smallerSizes];
    return true;
  };
  const smallest = reduceModule(module, entry, (smaller) => take(smaller, sizes));
  for (const smaller of smallerSizes(sizes)) if (take(smallest, smaller)) break;
  const simplest = withSimplestInputs(makeProgram(module, sizes), last, judge);
  const shrunk = makeProgram(module, sizes, simplest.call ?? undefined);
  const tried = triedFor(module);
  const part = subject.blame?.({ program: shrunk, context, seeds: tried }) ?? null;
  const rewrite = blamedRewrite((rewrites) =>
    part === null ? judge(shrunk, tried, { ...context, rewrites }) !== null : part.faultWith(rewrites) !== null,
  );
  return {
    program: shrunk,
    fault: part === null ? simplest : { ...part.fault, message: `${part.place}: ${part.fault.message}` },
    rewrite,
    changes: rewrite === null ? changesOf(subject, part, shrunk.module, context) : "",
  };
}

/** The fault for the simplest call found that still shows it: first one that maps less, then easier numbers. */
function withSimplestInputs({ module, sizes }: Program, fault: Fault, judge: Judge): Fault {
  if (fault.call === null) return fault;
  const time = new TimeBudget(forInputs);
  const mayGoOn = (): boolean => !time.isSpent;
  let [simplest, call] = [fault, fault.call];
  const shows = (candidate: Call): boolean => {
    if (!mayGoOn()) return false;
    const found = judge(makeProgram(module, sizes, candidate), []);
    // another fault, or one of other arguments, says nothing of these
    if (found?.call?.args !== candidate.args) return false;
    [simplest, call] = [found, found.call];
    return true;
  };
  while ([...smallerCalls(call)].some(shows)) if (!mayGoOn()) break;
  const base = call;
  simplestInputs(inputsOf(base), (inputs) => shows(withInputs(base, inputs)), mayGoOn);
  return simplest;
}

/** Lines of changes that one takes in at a glance. */
const mostChanges = 12;

/** What a pass, or the one of a pipeline that is wrong, makes of a program, in lines; nothing where it fails or says it by rules. */
function changesOf(subject: Subject, part: WrongPart | null, module: Module, context: PassContext): string {
  if (subject.judge !== undefined) return "";
  try {
    const [before, after] = part === null ? ranOn(subject, module, context) : [part.before, part.run()];
    const lines = printChanges(before, after, compareModules(before, after)).split("\n");
    // a single function need not be named
    if (lines.filter((line) => /^\S? +(private )?func @/.test(line)).length === 1 && lines[0].startsWith("  "))
      lines.shift();
    // a lowering leaves nothing as it was
    const lowers = subject.level === "loop" && subject.bring === undefined;
    return lines.length > mostChanges || lowers ? "" : lines.join("\n");
  } catch {
    return "";
  }
}

/** What the subject is given of a module, and what it makes of that. */
function ranOn({ bring, run }: Subject, module: Module, context: PassContext): readonly [Module, Module] {
  const before = bring?.(module, context) ?? module;
  return [before, run(before, context)];
}

/** The subject, which does not run again on the module that it ran on last. */
function remembering(subject: Subject): Subject {
  let last: { readonly module: Module; readonly context: PassContext; readonly after: Module } | null = null;
  let brought: { readonly program: Module; readonly given: Module } | null = null;
  const { bring } = subject;
  const bringOnce = (program: Module, context: PassContext): Module => {
    if (brought?.program !== program) brought = { program, given: bring?.(program, context) ?? program };
    return brought.given;
  };
  return {
    ...subject,
    ...(bring === undefined ? {} : { bring: bringOnce }),
    run(module, context) {
      if (last?.module !== module || last.context !== context)
        last = { module, context, after: subject.run(module, context) };
      return last.after;
    },
  };
}

/** Smaller sizes of the symbols, the smallest first. */
function* smallerSizes(sizes: Dims): Generator<Dims> {
  const names = Object.keys(sizes);
  for (const size of [1, 2, 3]) yield Object.fromEntries(names.map((name) => [name, Math.min(size, sizes[name])]));
}

/** The failure in lines: what differs, the call, the rewrite or else what changed, what else is to say, and last the IR. */
export function describeFault({ program, fault, rewrite, changes }: Shrunk, more: readonly string[]): string {
  const lines = [
    fault.message,
    fault.call === null ? "" : `for ${showCall(fault.call)}`,
    rewrite === null ? "" : describeRewrite(rewrite),
    changes === "" ? "" : `by this change:\n${changes}`,
    ...more,
    printModule(program.module),
  ];
  return lines.filter((line) => line !== "").join("\n");
}
