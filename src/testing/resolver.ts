// What resolves derivatives and mapped functions in checks of these: the passes of the project for an op, else what is checked.

import { deadNodeElimination } from "../../passes/index.ts";
import { AdjointError, type DType, fail, type Module, messageOf, type Op, type Type, walk } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import { type Pass, type PassContext, Pipeline } from "../rewrite/index.ts";
import { resolved } from "./compare.ts";
import { programOfOp } from "./generate/op-programs.ts";
import { type Program, type ProgramOptions, randomProgram } from "./generate/programs.ts";
import type { Random } from "./generate/random.ts";

/** What derivatives and batches can be checked of. */
export type Transforming = Op | Pass | Pipeline;

export interface Resolver {
  /** What messages call it: `op mylib.swish`. */
  readonly name: string;
  /** The op that is checked; null for passes. */
  readonly op: Op | null;
  /** The programs to transform. */
  draw(random: Random, dtypes?: readonly DType[]): Program;
  /** The module without transforms. */
  resolve(module: Module, context: PassContext): Module;
}

/** Fails (code `argument`) for what is none of the three. */
export function resolverOf(where: string, given: Transforming, programs: ProgramOptions = {}): Resolver {
  const op = given as Partial<Op> | null;
  const pass = given as Partial<Pass> | null;
  if (typeof op?.types === "function" && op.docs !== undefined) return ofOp(given as Op, programs);
  if (given instanceof Pipeline) {
    const run: Pass["run"] = (module, context) => given.run(module, (each, m) => each.run(m, context));
    return ofPasses("pipeline", run, programs);
  }
  if (typeof pass?.run === "function") return ofPasses(`pass ${pass.name}`, pass.run.bind(given), programs);
  return fail("argument", `${where}: got a ${typeof given}, expected an op, a pass or a pipeline`, {
    hint: "make one with defineOp, definePass or new Pipeline([…])",
  });
}

function ofOp(op: Op, { ops }: ProgramOptions): Resolver {
  const table = tableWith(op, ops);
  return {
    name: `op ${op.name}`,
    op,
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
function ofPasses(name: string, run: Pass["run"], programs: ProgramOptions): Resolver {
  return {
    name,
    op: null,
    draw: (random) => randomProgram(random, { operations: 8, ...programs, transforms: false }),
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
    if (isRefused(resolver, module)) return null;
    return messageOf(error);
  }
}

/** What an op does not do at all, it says; anything else is a fault of its rules. */
function isRefused({ op }: Resolver, module: Module): boolean {
  if (op !== null && op.derivative.kind !== "none" && op.batching.kind !== "none") return holdsOtherRules(module, op);
  try {
    resolved(module);
    return false;
  } catch (error) {
    return error instanceof AdjointError;
  }
}

function holdsOtherRules(module: Module, op: Op): boolean {
  return some(module, (o) => o !== op && (o.derivative.kind === "none" || o.batching.kind === "none"));
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
