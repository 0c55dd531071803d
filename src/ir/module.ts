// The data: module → functions → one block each → operations → regions → blocks. Plain, readonly, frozen.

import type { Constraint } from "./constraint.ts";
import type { Dim } from "./dim.ts";
import type { Dense } from "./ndarray.ts";
import type { Op } from "./op.ts";
import type { Origin } from "./origin.ts";
import type { Type } from "./type.ts";

let nextId = 1;

/** A block argument or an operation's result. It knows its type and a name hint, never its definition or its uses. */
export class Value {
  readonly id: number = nextId++;
  readonly type: Type;
  /** What the printer calls it, before making it unique; null takes the mnemonic. */
  readonly name: string | null;

  constructor(type: Type, name: string | null = null) {
    this.type = type;
    this.name = name;
  }
}

/** Contracted or paired axes: `[1] x [0]`. */
export interface AxisPairs {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** A compile-time fact. The op's attribute specification says which of these it is. */
export type Attribute =
  | number
  | boolean
  | string
  | Dim
  | Type
  | Dense
  | AxisPairs
  | readonly (number | string | Dim)[]
  | Bindings;

/** Dimension symbols that a call binds explicitly: `call @f<B = 2*N>(…)`. */
export interface Bindings {
  readonly bindings: Readonly<Record<string, Dim>>;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** One use of an op. */
export interface Operation {
  readonly op: Op;
  readonly operands: readonly Value[];
  /** Complete: defaults are filled in. */
  readonly attributes: Attributes;
  readonly regions: readonly Block[];
  readonly results: readonly Value[];
  readonly origin: Origin | null;
  /** How many operands each of the op's groups takes, where it has several: `carry(…) over(…)`. */
  readonly segments: readonly number[];
}

/** Arguments, operations in order, and what the terminator (`return` or `yield`) gives back. */
export interface Block {
  readonly arguments: readonly Value[];
  readonly operations: readonly Operation[];
  readonly results: readonly Value[];
}

export interface Func {
  readonly name: string;
  /** `public` survives every pass; `private` (generated, library) may be inlined away and dropped. */
  readonly visibility: "public" | "private";
  /** Dimension symbols the function declares, in order. */
  readonly symbols: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly body: Block;
  readonly origin: Origin | null;
}

export interface Module {
  readonly funcs: readonly Func[];
}

export interface Signature {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly arguments: readonly Type[];
  readonly results: readonly Type[];
}

export function makeBlock(args: readonly Value[], operations: readonly Operation[], results: readonly Value[]): Block {
  return Object.freeze({
    arguments: Object.freeze([...args]),
    operations: Object.freeze(operations),
    results: Object.freeze([...results]),
  });
}

export interface FuncParts {
  readonly name: string;
  readonly body: Block;
  readonly visibility?: "public" | "private";
  readonly symbols?: readonly string[];
  readonly constraints?: readonly Constraint[];
  readonly origin?: Origin | null;
}

export function makeFunc(parts: FuncParts): Func {
  return Object.freeze({
    name: parts.name,
    visibility: parts.visibility ?? "public",
    symbols: Object.freeze([...(parts.symbols ?? [])]),
    constraints: Object.freeze([...(parts.constraints ?? [])]),
    body: parts.body,
    origin: parts.origin ?? null,
  });
}

export function makeModule(funcs: readonly Func[]): Module {
  return Object.freeze({ funcs: Object.freeze([...funcs]) });
}

export function signatureOf(func: Func): Signature {
  return {
    name: func.name,
    symbols: func.symbols,
    constraints: func.constraints,
    arguments: func.body.arguments.map((a) => a.type),
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

/** The operands of one of the op's groups (`carry`, `over`, `cotangents`, …). */
export function groupOf(operation: Operation, group: string): readonly Value[] {
  const groups = operation.op.groups;
  const at = groups.indexOf(group);
  if (at < 0) throw new Error(`op ${operation.op.name} has no operand group ${group}`);
  let start = 0;
  for (let i = 0; i < at; i++) start += operation.segments[i];
  return operation.operands.slice(start, start + operation.segments[at]);
}
