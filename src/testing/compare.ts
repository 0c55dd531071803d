// Whether two versions of a module mean the same: what their public functions compute, fail with and show, and what is
// public at all.

import { deadNodeElimination, gradPipeline } from "../../passes/index.ts";
import { interpret, OutOfSteps, runPasses } from "../compile/index.ts";
import {
  AdjointError,
  allocate,
  collectSymbols,
  evaluateDim,
  type Func,
  findFunc,
  hasMemory,
  holdsOp,
  type Level,
  lazy,
  type Module,
  messageOf,
  type NdArray,
  printType,
  type Signature,
  sameType,
  signatureOf,
  verify,
} from "../ir/index.ts";
import { Pipeline } from "../rewrite/index.ts";
import type { Call, Dims, Program } from "./generate/program.ts";
import { differenceOf, type Outcome, outcomeOf } from "./outcome.ts";
import { argumentsOf } from "./values.ts";

/** What differs, and for which call. */
export interface Fault {
  readonly message: string;
  /** The public function that differs, and its arguments; null where no call shows it. */
  readonly call: Call | null;
  /** What was thrown, if that is the fault: it says where. */
  readonly cause?: unknown;
}

/** Whether something in the module is left to be resolved before it means anything. */
export function holdsTransform(module: Module): boolean {
  return module.funcs.some(({ body }) => holdsOp(body, ({ traits }) => traits.transform));
}

/** The module with its derivatives and mapped functions resolved by the passes of the project. */
export function resolved(module: Module): Module {
  let after = resolvedModules.get(module);
  if (after === undefined) {
    after = holdsTransform(module) ? runPasses(module, gradPipeline).module : module;
    resolvedModules.set(module, after);
  }
  return after;
}

/** The module without transforms; null where a rule of its own keeps it from being differentiated or mapped. */
export function resolvedOrNull(module: Module): Module | null {
  try {
    return resolved(module);
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** A module is resolved once for all the calls that are compared. */
const resolvedModules = new WeakMap<Module, Module>();

function publicOf(module: Module): readonly Func[] {
  return module.funcs.filter((f) => f.visibility === "public");
}

/** What differs before any function runs: the public functions and their types. */
export function interfaceFault(before: Module, after: Module, level: Level): Fault | null {
  const fault = (message: string): Fault => ({ message, call: null });
  for (const func of publicOf(before)) {
    const next = findFunc(after, func.name);
    if (next === undefined) return fault(`@${func.name} is gone`);
    if (next.visibility !== "public") return fault(`@${func.name} is private now`);
    if (!hasMemory(level) && !sameTypes(signatureOf(func), signatureOf(next)))
      return fault(
        `the type of @${func.name} is ${showSignature(signatureOf(next))}, was ${showSignature(signatureOf(func))}`,
      );
    const [was, is] = [func.roles.join(", "), next.roles.join(", ")];
    if (was !== is && func.roles.length === next.roles.length)
      return fault(`the roles of the arguments of @${func.name} are ${is}, were ${was}`);
  }
  for (const func of publicOf(after)) {
    const earlier = findFunc(before, func.name);
    if (earlier === undefined) return fault(`@${func.name} is a new public function`);
    if (earlier.visibility !== "public") return fault(`@${func.name} is public now, and was private`);
  }
  return null;
}

function sameTypes(a: Signature, b: Signature): boolean {
  const same = (x: Signature["results"], y: Signature["results"]): boolean =>
    x.length === y.length && x.every((type, i) => sameType(type, y[i]));
  return same(a.arguments, b.arguments) && same(a.results, b.results);
}

function showSignature({ arguments: args, results }: Signature): string {
  return `(${args.map(printType).join(", ")}) -> (${results.map(printType).join(", ")})`;
}

/** Operations of one run; random loops need some thousands. */
const mostSteps = 50_000;

let stepsAllowed = mostSteps;

/** Runs `body`, in which a run of a function is given up after so many operations. */
export function withinSteps<T>(steps: number, body: () => T): T {
  const before = stepsAllowed;
  stepsAllowed = steps;
  try {
    return body();
  } finally {
    stepsAllowed = before;
  }
}

/** What a function of the module gives for arguments. */
export function run(module: Module, entry: string, args: readonly NdArray[]): Outcome {
  return outcomeOf((observe) => interpret(module, entry, args, { observe, steps: stepsAllowed }));
}

/** What a later version of a function gives, whose results are as large as those of the earlier one. */
export function runLater(
  module: Module,
  level: Level,
  entry: string,
  args: readonly NdArray[],
  like: readonly NdArray[],
): Outcome {
  if (!hasMemory(level)) return run(module, entry, args);
  // a lowered function writes results of rank above 0 to memory behind its arguments
  const memory = like.map((r) => (r.shape.length === 0 ? null : { ...r, data: r.data.slice().fill(0) }));
  // several versions are given these
  const own = args.map((a) => ({ ...a, data: a.data.slice() }));
  const given = [...own, ...memory.filter((m) => m !== null)];
  const outcome = run(module, entry, given);
  if (typeof outcome.results === "string") return outcome;
  const { results, seen } = outcome;
  let next = 0;
  return { seen, results: memory.map((m) => m ?? results[next++]) };
}

/** Results as large as a function's, which may fail; null where their sizes are known only when it runs. */
export function likeResults(func: Func, sizes: Dims): readonly NdArray[] | null {
  const like: NdArray[] = [];
  for (const type of signatureOf(func).results) {
    if (type.kind !== "tensor" || type.shape === null) return null;
    if (type.shape.some((d) => [...collectSymbols(d, new Set())].some((name) => sizes[name] === undefined)))
      return null;
    like.push(
      allocate(
        type.dtype,
        type.shape.map((d) => evaluateDim(d, (name) => sizes[name])),
      ),
    );
  }
  return like;
}

/** A call of a function, and what it gives; null where it says nothing. */
interface Expected {
  readonly args: readonly NdArray[];
  readonly expected: () => Outcome | null;
}

/** The calls of functions of a module, by their names, sizes, seeds and steps: several passes are compared with one program. */
const knownCalls = new WeakMap<Module, Map<string, readonly Expected[]>>();

/** The calls for which a function is compared. */
function callsOf(
  module: Module,
  func: Func,
  { sizes, call }: Pick<Program, "sizes" | "call">,
  seeds: readonly number[],
): readonly Expected[] {
  const made = (): readonly Expected[] =>
    argumentsOf(func, { sizes, call }, seeds).map((args) => ({
      args,
      expected: lazy(() => expectedOf(module, func.name, args)),
    }));
  if (call !== undefined) return made();
  let known = knownCalls.get(module);
  if (known === undefined) knownCalls.set(module, (known = new Map()));
  const key = JSON.stringify([func.name, sizes, seeds, stepsAllowed]);
  let calls = known.get(key);
  if (calls === undefined) known.set(key, (calls = made()));
  return calls;
}

/** What the first of these calls for which the modules differ shows; null where all agree. */
export function callFault(
  before: Module,
  after: Module,
  level: Level,
  { sizes, call }: Pick<Program, "sizes" | "call">,
  seeds: readonly number[],
): Fault | null {
  for (const func of publicOf(before)) {
    for (const { args, expected } of callsOf(before, func, { sizes, call }, seeds)) {
      const fault = faultOfCall({ before, after, level, sizes }, func, args, expected());
      if (fault !== null) return fault;
    }
  }
  return null;
}

/** Modules without what nothing uses, by the module. */
const needed = new WeakMap<Module, Module>();

/** The module without operations whose results nothing uses, of which one that may fail may be removed. */
function withoutUnused(module: Module): Module {
  let after = needed.get(module);
  if (after === undefined) needed.set(module, (after = runPasses(module, withoutDead).module));
  return after;
}

const withoutDead = new Pipeline([
  { pass: deadNodeElimination, reason: "what may fail is removed where it is unused" },
]);

/**
 * What a call of the earlier version gives; null where the arguments do not suit it, as those of a smaller program, and where
 * it fails in what nothing uses: another version may do without.
 */
export function expectedOf(before: Module, entry: string, args: readonly NdArray[]): Outcome | null {
  try {
    const outcome = run(before, entry, args);
    const isNeeded =
      typeof outcome.results !== "string" || run(withoutUnused(before), entry, args).results === outcome.results;
    return isNeeded ? outcome : null;
  } catch (error) {
    if (error instanceof AdjointError && error.code === "argument") return null;
    throw error;
  }
}

interface Versions {
  readonly before: Module;
  readonly after: Module;
  readonly level: Level;
  readonly sizes: Dims;
}

/** How many times the operations of an earlier version a later one may take, before it is said not to end. */
const timesAsMany = 50;

/** Whether a function takes a small part of the operations that are allowed. */
function isBrief(module: Module, entry: string, args: readonly NdArray[]): boolean {
  try {
    withinSteps(Math.floor(stepsAllowed / timesAsMany), () => run(module, entry, args));
    return true;
  } catch (error) {
    if (error instanceof OutOfSteps) return false;
    throw error;
  }
}

/** What differs in one call, or the error that only the later version ends with. */
function faultOfCall(
  { before, after, level, sizes }: Versions,
  func: Func,
  args: readonly NdArray[],
  expected: Outcome | null,
): Fault | null {
  const entry = func.name;
  const call = { entry, args };
  if (expected === null) return null;
  const like = typeof expected.results === "string" ? likeResults(func, sizes) : expected.results;
  if (like === null) return null;
  try {
    const message = differenceOf(expected, runLater(after, level, entry, args, like));
    return message === null ? null : { message: `@${entry}: ${message}`, call };
  } catch (error) {
    if (error instanceof OutOfSteps) {
      if (!hasMemory(level) && isBrief(before, entry, args))
        return {
          message: `@${entry}: the result does not end within ${stepsAllowed} operations, and ended before`,
          call,
        };
      throw error;
    }
    return { message: `@${entry}: the result does not run: ${messageOf(error)}`, call };
  }
}

/** What the verifier says of a module; null where it accepts it. */
export function verifyFault(module: Module, level: Level): Fault | null {
  try {
    verify(module, { level });
    return null;
  } catch (error) {
    return { message: `the result is not valid: ${messageOf(error)}`, call: null };
  }
}
