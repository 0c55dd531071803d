// Whether something that changes modules keeps what one of them means, for a few calls.

import { inline } from "../../passes/index.ts";
import { OutOfSteps } from "../compile/index.ts";
import {
  AdjointError,
  formatOrigin,
  hasMemory,
  type Level,
  type Module,
  messageOf,
  type Origin,
  printType,
  type Value,
  walk,
} from "../ir/index.ts";
import type { Pass, PassContext } from "../rewrite/index.ts";
import { closeFault } from "./close.ts";
import {
  callFault,
  type Fault,
  holdsTransform,
  interfaceFault,
  resolved,
  resolvedOrNull,
  verifyFault,
} from "./compare.ts";
import type { Program } from "./generate/program.ts";
import type { Random } from "./generate/random.ts";
import type { Kind } from "./options.ts";

export type { Fault } from "./compare.ts";

/** What is checked: a pass, a rule, a pipeline. */
export interface Subject {
  /** What messages call it: `pass cse`. */
  readonly name: string;
  /** What it is, for the call that checks it: `pass`. */
  readonly kind: Kind;
  /** The level of what it gives. */
  readonly level: Level;
  /** The level that it lowers to; `level` then. */
  readonly lowers?: Pass["lowers"];
  /** What it takes of a program, where that is not the program: groups of tensors, loops over memory. */
  bring?(module: Module, context: PassContext): Module;
  /** The same on loops over memory, of what takes both levels. */
  readonly atLoops?: Subject;
  /** Whether rewrites of class `fast` run: then results are only nearly the same. */
  readonly fast: boolean;
  run(module: Module, context: PassContext): Module;
  /** The program of a number, where random ones will not do. */
  draw?(random: Random, number: number): Program;
  /** What is wrong with it, where a program before and after it does not say. */
  judge?(trial: Trial): Verdict;
  /** Which of its parts gets a program wrong; where left out, there is one. */
  blame?(trial: Trial): WrongPart | null;
}

/** One program that a subject is tried on. */
export interface Trial {
  readonly program: Program;
  readonly context: PassContext;
  /** What chooses the inputs where the program has no call of its own. */
  readonly seeds: readonly number[];
  /** Whether new operations have to have places in the source, too. */
  readonly origins?: boolean;
}

/** The part of a subject, such as a pass of a pipeline, after which a program is wrong. */
export interface WrongPart {
  /** `after pass cse (run 2 of 5)` */
  readonly place: string;
  readonly fault: Fault;
  /** What that part was given. */
  readonly before: Module;
  /** What it makes of that; it may fail. */
  run(): Module;
  /** What is wrong after it, where an observer says which of its rewrites happen. */
  faultWith(rewrites: PassContext["rewrites"]): Fault | null;
}

export interface Verdict {
  readonly fault: Fault | null;
  /** What the subject gave; null where it failed. */
  readonly after: Module | null;
  /** Whether something was compared, where no module says so. */
  readonly isTried?: boolean;
}

/** What is wrong with what the subject makes of a program. */
export function faultOf(subject: Subject, trial: Trial): Verdict {
  try {
    return subject.judge?.(trial) ?? faultOfPass(subject, trial);
  } catch (error) {
    // whatever fails, the program that shows it is what one wants to see
    const isEndless = error instanceof OutOfSteps;
    const message = `it fails: ${messageOf(error)}`;
    return { fault: isEndless ? null : { message, call: null, cause: error }, after: null };
  }
}

/** What is wrong with what a pass makes of a program, which meant something before. */
export function faultOfPass(subject: Subject, { program, context, seeds, origins = false }: Trial): Verdict {
  const taken = takenBy(subject, program.module, context);
  if (taken === null) return { fault: null, after: null };
  const { module, given } = taken;
  let after: Module;
  try {
    after = subject.run(given, context);
  } catch (error) {
    const isFault = resolvedOrNull(module) !== null;
    const message = `it fails: ${messageOf(error)}`;
    return { fault: isFault ? { message, call: null, cause: error } : null, after: null };
  }
  // what was brought to another level is no program that one could vary
  const isTried = subject.bring === undefined ? undefined : after !== given;
  if (after === given) return { fault: null, after, isTried };
  const earlier = resolvedOrNull(module);
  if (earlier === null) return { fault: null, after: null };
  const stays =
    subject.bring === undefined || (subject.lowers !== undefined && hasMemory(subject.lowers))
      ? subject.level
      : "tensor";
  const early =
    unsaidLowering(subject, after) ?? verifyFault(after, subject.level) ?? interfaceFault(given, after, stays);
  if (early !== null) return { fault: early, after, isTried };
  const misplaced = !hasMemory(stays) ? originFault(given, after, origins) : null;
  if (misplaced !== null) return { fault: { message: misplaced, call: null }, after, isTried };
  try {
    return { fault: difference(subject, { ...program, module }, { earlier, after }, seeds), after, isTried };
  } catch (error) {
    // a loop that does not end within reason says nothing
    if (error instanceof OutOfSteps) return { fault: null, after, isTried };
    throw error;
  }
}

/**
 * The program as it is compared, and what the subject is given of it; null where it cannot be brought to that level. A
 * lowering, and what comes behind it, takes what is left of a program when calls and derivatives are resolved.
 */
function takenBy(
  { level, bring }: Subject,
  program: Module,
  context: PassContext,
): { readonly module: Module; readonly given: Module } | null {
  if (bring === undefined) {
    const module = level !== "tensor" ? inline.run(program, context) : program;
    return { module, given: module };
  }
  const module = resolvedOrNull(program);
  if (module === null) return null;
  try {
    return { module, given: bring(module, context) };
  } catch (error) {
    // what fails before the subject is another pass's fault
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** Memory where tensors were, of a pass that does not say that it lowers. */
function unsaidLowering({ kind, level }: Subject, after: Module): Fault | null {
  if (kind !== "pass" || hasMemory(level)) return null;
  const memory = after.funcs.some(({ body }) => body.arguments.some(({ type }) => type.kind === "memref"));
  const message = 'it gives loops over memory, expected tensors: write lowers: "loop" in a pass that lowers';
  return memory ? { message, call: null } : null;
}

function difference(
  subject: Subject,
  program: Program,
  { earlier, after }: { readonly earlier: Module; readonly after: Module },
  seeds: readonly number[],
): Fault | null {
  const { module } = program;
  if (!holdsTransform(module) && !subject.fast) return callFault(module, after, subject.level, program, seeds);
  let later: Module;
  try {
    later = resolved(after);
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    return { message: `its derivatives and mapped functions do not resolve any more: ${error.message}`, call: null };
  }
  // what is resolved later, or computed in another order, rounds otherwise
  return closeFault(earlier, later, subject, program, seeds);
}

/**
 * What is wrong with the places of operations in the source, where all had one: by default that those whose results are still
 * there stand elsewhere or nowhere, or that all do; strictly, that any has none.
 */
function originFault(before: Module, after: Module, isStrict: boolean): string | null {
  const placed = originsOf(before);
  if ([...placed.values()].includes(null)) return null;
  const later = [...originsOf(after)];
  const lost = later.filter(([, origin]) => origin === null);
  const isLost = isStrict ? lost.length > 0 : lost.some(([value]) => placed.has(value)) || lost.length === later.length;
  if (lost.length > 0 && isLost) return "operations lose their places in the source";
  for (const [value, origin] of later) {
    const earlier = placed.get(value);
    if (earlier === undefined || earlier === null || origin === null || earlier === origin) continue;
    const [was, is] = [earlier, origin].map((o) => formatOrigin(o));
    if (was !== is) return `what gives ${printType(value.type)} at ${was} stands at ${is} now`;
  }
  return null;
}

/** Where what gives each value stands. */
function originsOf(module: Module): ReadonlyMap<Value, Origin | null> {
  const origins = new Map<Value, Origin | null>();
  for (const func of module.funcs)
    walk(func.body, ({ results, origin }) => {
      for (const v of results) origins.set(v, origin);
    });
  return origins;
}
