// What resolves derivatives and mapped functions in checks of these: the passes of the project for an op, else what is checked.

import { deadNodeElimination } from "../../passes/index.ts";
import { AdjointError, type DType, fail, type Module, messageOf, type Op, type Type, walk } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import { type Pass, type PassContext, type Pipeline, runPass } from "../rewrite/index.ts";
import { type Fault, resolved } from "./compare.ts";
import type { Trial, WrongPart } from "./fault.ts";
import { programOfOp } from "./generate/op-programs.ts";
import type { Program, ProgramOptions } from "./generate/program.ts";
import { randomProgram } from "./generate/programs.ts";
import type { Random } from "./generate/random.ts";
import { isKind, type Kind, refuse } from "./options.ts";
import { firstWrongRun } from "./pipeline-runs.ts";

/** What derivatives and batches can be checked of. */
export type Transforming = Op | Pass | Pipeline;

export interface Resolver {
  readonly kind: Kind;
  /** What messages call it: `op mylib.swish`. */
  readonly name: string;
  /** The op that is checked; null for passes. */
  readonly op: Op | null;
  /** The options of a check: the op is in the table that a corpus is read with. */
  readonly programs: ProgramOptions;
  /** The pipeline that is checked, of which one pass may be wrong. */
  readonly pipeline?: Pipeline;
  /** The programs to transform. */
  draw(random: Random, dtypes?: readonly DType[]): Program;
  /** The module without transforms. */
  resolve(module: Module, context: PassContext): Module;
}

/** Fails (code `argument`) for what is none of the three. */
export function resolverOf(where: string, given: Transforming, programs: ProgramOptions = {}): Resolver {
  if (isKind(given, "op")) return ofOp(given, programs);
  if (isKind(given, "pass")) return ofPasses("pass", `pass ${given.name}`, (m, cx) => runPass(given, m, cx), programs);
  if (!isKind(given, "pipeline")) return refuse(where, given, ["op", "pass", "pipeline"]);
  const run: Pass["run"] = (module, context) => given.run(module, (each, m) => runPass(each, m, context));
  return { ...ofPasses("pipeline", "pipeline", run, programs), pipeline: given };
}

/** Which pass of a pipeline gets a program wrong, of which `faultWith` says what is wrong where something else resolves it. */
export function blameIn(
  { pipeline, kind, name, programs }: Resolver,
  { context }: Trial,
  faultWith: (resolver: Resolver) => Fault | null,
): WrongPart | null {
  if (pipeline === undefined) return null;
  return firstWrongRun(pipeline, context, (run) => faultWith(ofPasses(kind, name, run, programs)));
}

function ofOp(op: Op, programs: ProgramOptions): Resolver {
  const table = tableWith(op, programs.ops);
  return {
    kind: "op",
    name: `op ${op.name}`,
    op,
    programs: { ...programs, ops: table },
    draw: (random, dtypes) => programOfOp(random, op, { table, dtypes }) ?? noUse(op),
    resolve: (module) => resolved(module),
  };
}

/** The ops of a check of one op: this one among them. */
export function tableWith(op: Op, ops = standardOps): typeof standardOps {
  return ops.get(op.name) === op ? ops : new Map([...ops, [op.name, op]]);
}

function noUse(op: Op): never {
  return fail("validate", `op ${op.name}: found no use of it that its type rule accepts, so nothing was tried`, {
    hint: "say in its attributes what they hold (`holds`), and give defaults",
  });
}

/** What a pass leaves is resolved by the passes of the project. */
function ofPasses(kind: Kind, name: string, run: Pass["run"], programs: ProgramOptions): Resolver {
  return {
    kind,
    name,
    op: null,
    programs,
    draw: (random) => randomProgram(random, { operations: 8, ...programs, transforms: false }, { turn: null }),
    // other orders of computation, as class fast allows, have other bits
    resolve: (module, context) => resolved(run(module, { ...context, fast: false })),
  };
}

/**
 * The module as the interpreter takes it, without what a pass may drop: operations that nothing reads, whose errors go with
 * them. Null where its own transforms are refused.
 */
export function meaningOf({ op }: Resolver, module: Module, context: PassContext): Module | null {
  try {
    const plain = resolved(module);
    return op === null ? deadNodeElimination.run(plain, context) : plain;
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** The module that a resolver gives; null where the passes of the project refuse it too, and a text where only this one does. */
export function attempt(resolver: Resolver, module: Module, context: PassContext): Module | string | null {
  try {
    return resolver.resolve(module, context);
  } catch (error) {
    if (isRefused(resolver, module, error)) return null;
    return messageOf(error);
  }
}

/** Whether an op says that it has no such rule; anything else is a fault of its rules. */
function isRefused({ op }: Resolver, module: Module, error: unknown): boolean {
  if (op !== null) {
    const root = rootOf(error);
    if (!(root instanceof AdjointError)) return false;
    // the transforms are those of the check itself
    return root.code === "no-derivative" || some(module, (o) => !o.traits.transform && hasNoRule(o));
  }
  try {
    resolved(module);
    return false;
  } catch (own) {
    return own instanceof AdjointError;
  }
}

/** What was thrown first, before passes said where. */
function rootOf(error: unknown): unknown {
  return error instanceof AdjointError && error.cause !== undefined ? rootOf(error.cause) : error;
}

function hasNoRule({ derivative, batching }: Op): boolean {
  return derivative.kind === "none" || batching.kind === "none";
}

function some(module: Module, holds: (op: Op) => boolean): boolean {
  let found = false;
  for (const func of module.funcs) walk(func.body, ({ op }) => void (found ||= holds(op)));
  return found;
}

/** Whether values of the module are lists, which come from differentiation and are not mapped or differentiated themselves. */
export function holdsLists(module: Module): boolean {
  let found = false;
  const isList = ({ type }: { readonly type: Type }): boolean => type.kind === "list";
  for (const func of module.funcs) walk(func.body, ({ results }) => void (found ||= results.some(isList)));
  return found;
}
