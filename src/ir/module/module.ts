// Modules and functions, and how their parts are made: plain, readonly, frozen.

import { sliced } from "../data/sliced.ts";
import type { Value } from "../data/value.ts";
import { assert, type ErrorDetails, fail } from "../diagnostics/errors.ts";
import type { Origin } from "../diagnostics/origin.ts";
import type { Block, Operation, Role, Signature } from "../op/op.ts";
import type { Constraint } from "../types/constraint.ts";

export { Value } from "../data/value.ts";
export type { Attribute, Attributes, AxisPairs, Bindings } from "../op/attribute-spec.ts";
export type { Block, Operation, Signature } from "../op/op.ts";

/** The deepest nesting of regions, and of anything inside an operation. */
export const maxNesting = 256;

export interface Func {
  readonly name: string;
  /** `public` survives every pass; `private` (generated, library) may be inlined away and dropped. */
  readonly visibility: "public" | "private";
  /** Dimension symbols the function declares, in order. */
  readonly symbols: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly body: Block;
  /** What is done with each argument of the body. */
  readonly roles: readonly Role[];
  readonly origin: Origin | null;
}

export interface Module {
  readonly funcs: readonly Func[];
}

export function makeBlock(args: readonly Value[], operations: readonly Operation[], results: readonly Value[]): Block {
  return Object.freeze({
    arguments: [...args],
    operations,
    results: [...results],
  });
}

export interface FuncParts {
  readonly name: string;
  readonly body: Block;
  /** One for each argument; where left out, all are `in`. */
  readonly roles?: readonly Role[];
  readonly visibility?: "public" | "private";
  readonly symbols?: readonly string[];
  readonly constraints?: readonly Constraint[];
  readonly origin?: Origin | null;
}

/**
 * A function. One that is made of another keeps its roles: where it has other arguments, and not all are `in`, the parts say
 * them. Tensors are the caller's to change in public functions only, so a private one has no such roles.
 */
export function makeFunc(parts: FuncParts): Func {
  return Object.freeze({
    name: parts.name,
    visibility: parts.visibility ?? "public",
    symbols: [...(parts.symbols ?? [])],
    constraints: [...(parts.constraints ?? [])],
    body: parts.body,
    roles: rolesFor(parts),
    origin: parts.origin ?? null,
  });
}

function rolesFor({ name, body, roles, visibility }: FuncParts): readonly Role[] {
  const count = body.arguments.length;
  const isOfTensors = visibility === "private" && body.arguments.every((v) => v.type.kind === "tensor");
  if (roles === undefined || isOfTensors || roles.every((role) => role === "in")) return readOnly(count);
  assert(roles.length === count, `@${name} has ${count} arguments, and ${roles.length} roles`);
  return [...roles];
}

const readOnlyRoles: (readonly Role[])[] = [];

/** The roles of so many arguments that are only read. */
function readOnly(count: number): readonly Role[] {
  return (readOnlyRoles[count] ??= Array.from({ length: count }, (): Role => "in"));
}

/** The roles of these values in the function: those of its arguments, and `in` of others. */
export function rolesOf({ roles, body }: Func, values: readonly Value[]): readonly Role[] {
  return values.map((v) => roles[body.arguments.indexOf(v)] ?? "in");
}

/** Whether a function writes to an argument of this role. */
export function isWritten(role: Role): boolean {
  return role !== "in";
}

export function isModule(x: unknown): x is Module {
  return typeof x === "object" && x !== null && "funcs" in x && Array.isArray(x.funcs);
}

/** Fails (code `argument`) where `x` is no module; `where` names the function that takes it. */
export function requireModule(x: unknown, where: string): asserts x is Module {
  if (isModule(x)) return;
  const got = x === null ? "null" : typeof x === "string" ? "text" : `a value of type ${typeof x}`;
  fail("argument", `${where}: got ${got}, expected a module`, { hint: "parseModule makes one of text" });
}

export function makeModule(funcs: readonly Func[]): Module {
  return Object.freeze({ funcs: [...funcs] });
}

export function signatureOf(func: Func): Signature {
  return {
    name: func.name,
    symbols: func.symbols,
    constraints: func.constraints,
    arguments: func.body.arguments.map((a) => a.type),
    roles: func.roles,
    results: func.body.results.map((r) => r.type),
  };
}

const indexes = new WeakMap<Module, ReadonlyMap<string, Func>>();

/** The module's functions by name; built once per module. */
export function funcsByName(module: Module): ReadonlyMap<string, Func> {
  let index = indexes.get(module);
  if (index === undefined) {
    index = new Map(module.funcs.map((f) => [f.name, f]));
    indexes.set(module, index);
  }
  return index;
}

export function findFunc(module: Module, name: string): Func | undefined {
  return funcsByName(module).get(name);
}

/** @throws AdjointError code `name` where the module has no such function. */
export function requireFunc(module: Module, name: string, details?: ErrorDetails): Func {
  return findFunc(module, name) ?? fail("name", `the module has no function @${name}`, details);
}

/** The function of a name of which a table is known to have one. */
export function funcIn(funcs: ReadonlyMap<string, Func>, name: string): Func {
  const func = funcs.get(name);
  if (func === undefined) throw new Error(`internal invariant broken: no function @${name}`);
  return func;
}

/** The operands of one of the op's groups (`carry`, `over`, `cotangents`, …). */
export function groupOf(operation: Operation, group: string): readonly Value[] {
  const [start, count] = segmentOf(operation, group);
  return sliced(operation.operands, start, start + count);
}

/** Where among the operands one of the op's groups begins, and how many they are. */
export function segmentOf({ op, segments }: Operation, group: string): readonly [number, number] {
  const at = op.groups.indexOf(group);
  if (at < 0) throw new Error(`op ${op.name} has no operand group ${group}`);
  let start = 0;
  for (let i = 0; i < at; i++) start += segments[i];
  return [start, segments[at]];
}
