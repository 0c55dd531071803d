// The report of a failure: the smallest program found that still fails, then the smallest inputs, and the rewrite that did it.

import {
  countOperations,
  dtypes,
  findFunc,
  type Module,
  type NdArray,
  type OpTable,
  printModule,
  sizeOf,
} from "../ir/index.ts";
import type { PassContext } from "../rewrite/index.ts";
import { type Blamed, blamedRewrite, describeRewrite } from "./blame.ts";
import { showCall, withinSteps } from "./compare.ts";
import { type Fault, faultOf, type Subject } from "./fault.ts";
import { type Call, type Dims, makeProgram, type Program } from "./generate/programs.ts";
import { simplestInputs } from "./inputs.ts";
import { reduceModule } from "./reduce.ts";
import { argumentsOf } from "./values.ts";

export interface Shrunk {
  readonly program: Program;
  readonly fault: Fault;
  /** The rewrite that makes the difference; null where none does. */
  readonly rewrite: Blamed | null;
}

/** Operations of one run, of which the first suffices that shows the fault. */
const stepLimits = [1000, 4000, 16_000, 50_000];
/** The most milliseconds that go into smaller inputs. They limit how small, never the verdict. */
const forInputs = 1500;
/**
 * Inputs tried for each smaller module beside its own: what the fault needs may be another one's, and the fewer elements there
 * are, the fewer special ones among them.
 */
const triedInputs = (module: Module): number => (countOperations(module) > 8 ? 6 : 24);

interface ShrinkOptions {
  readonly ops: OpTable;
  /** As in the options of the check. */
  readonly origins: boolean | undefined;
  /** The most milliseconds that go into a smaller program. */
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
  const deadline = performance.now() + timeBudget;
  const triedFor = (m: Module): readonly number[] => [...seeds, ...Array.from({ length: triedInputs(m) }, (_, i) => i)];
  const context: PassContext = { ops, fast: subject.fast };
  const asked = remembering(subject);
  const judge: Judge = (candidate, inputs, cx = context) =>
    withinSteps(steps, () => faultOf(asked, candidate, cx, inputs, origins).fault);
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
    if (performance.now() > deadline) return null;
    const call = last.call === null ? null : keptCall(last.call, module, smaller, smallerSizes);
    const kept = call === null ? null : judged(makeProgram(smaller, smallerSizes, call), []);
    return kept ?? judged(makeProgram(smaller, smallerSizes), triedFor(smaller));
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
  const shrunk = makeProgram(module, sizes);
  return {
    program: shrunk,
    fault: withSimplestInputs(shrunk, last, judge),
    rewrite: blamedRewrite((rewrites) => judge(shrunk, triedFor(module), { ...context, rewrites }) !== null),
  };
}

/**
 * The same call of a smaller module: arguments that are left keep what they are given, cut to their shapes, and new ones get
 * an ordinary sample.
 */
function keptCall({ entry, args }: Call, before: Module, after: Module, sizes: Dims): Call | null {
  const [earlier, func] = [findFunc(before, entry), findFunc(after, entry)];
  if (earlier === undefined || func === undefined) return null;
  const [sampled] = argumentsOf(func, { sizes }, [0]);
  if (sampled === undefined) return null;
  const isRetyped = func.body.arguments.length === earlier.body.arguments.length;
  const kept = func.body.arguments.map((a, i) => {
    const at = earlier.body.arguments.indexOf(a);
    const own = args[at >= 0 || !isRetyped ? at : i];
    return own === undefined || own.dtype !== sampled[i].dtype ? sampled[i] : cutTo(own, sampled[i].shape);
  });
  return { entry, args: kept };
}

function cutTo(array: NdArray, shape: readonly number[]): NdArray {
  if (array.shape.join() === shape.join()) return array;
  const data = new dtypes[array.dtype].array(sizeOf(shape)).map((_, i) => array.data[i % array.data.length] ?? 0);
  return { dtype: array.dtype, shape, data };
}

/** The fault for the simplest inputs found that still show it. */
function withSimplestInputs({ module, sizes }: Program, fault: Fault, judge: Judge): Fault {
  const { call } = fault;
  if (call === null) return fault;
  const deadline = performance.now() + forInputs;
  let simplest = fault;
  const shows = (args: readonly NdArray[]): boolean => {
    const found = judge(makeProgram(module, sizes, { ...call, args }), []);
    // another fault, or one of other arguments, says nothing of these
    if (found?.call?.args !== args) return false;
    simplest = found;
    return true;
  };
  simplestInputs(call.args, shows, () => performance.now() < deadline);
  return simplest;
}

/** The subject, which does not run again on the module that it ran on last. */
function remembering(subject: Subject): Subject {
  let last: { readonly module: Module; readonly context: PassContext; readonly after: Module } | null = null;
  return {
    ...subject,
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

/** The failure in lines: what differs, the call, the rewrite, the IR. */
export function describeFault({ program, fault, rewrite }: Shrunk): string {
  const call = fault.call === null ? "" : `\nfor ${showCall(fault.call)}`;
  return `${fault.message}${call}${rewrite === null ? "" : `\n${describeRewrite(rewrite)}`}\n${printModule(program.module)}`;
}
