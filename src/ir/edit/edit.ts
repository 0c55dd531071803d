// Changing IR: new versions share what did not change, and an edit that changes nothing gives the same reference.

import { ValueMap } from "../data/value-map.ts";
import type { Origin } from "../diagnostics/origin.ts";
import { substituteAttributes } from "../module/attributes.ts";
import { calleesOf } from "../module/call-graph.ts";
import {
  type Attributes,
  type Block,
  type Func,
  findFunc,
  type Module,
  makeBlock,
  makeModule,
  type Operation,
  Value,
} from "../module/module.ts";
import { calleeOf } from "../module/walk.ts";
import { type Dim, substituteDim } from "../types/dim.ts";
import { mapDims, type Type } from "../types/type.ts";
import type { BlockBuilder } from "./builder.ts";

/** Maps every function; null drops it, and the same reference keeps it. What `map` gives is frozen. */
export function mapFuncs(module: Module, map: (func: Func) => Func | null): Module {
  const funcs = module.funcs.map(map).filter((f) => f !== null);
  if (funcs.length === module.funcs.length && funcs.every((f, i) => f === module.funcs[i])) return module;
  return makeModule(funcs.map((func) => Object.freeze(func)));
}

/**
 * The module without private functions that no public one reaches, nor one of `entries`: nobody calls them, and what other
 * passes bring into their form does not reach them either. A module of private functions alone is a library, and stays.
 */
export function withoutUnreached(module: Module, entries: readonly string[] = []): Module {
  const roots = module.funcs.flatMap((f) => (f.visibility === "public" ? [f.name] : [])).concat(entries);
  if (roots.length === 0) return module;
  const reached = new Set(roots);
  // what is called joins the names behind those that are looked at
  for (const name of reached) {
    const func = findFunc(module, name);
    if (func !== undefined) for (const callee of calleesOf(func)) reached.add(callee);
  }
  return mapFuncs(module, (func) => (reached.has(func.name) ? func : null));
}

/** Maps the body of every function. */
export function mapBodies(module: Module, map: (body: Block, func: Func) => Block): Module {
  return mapFuncs(module, (func) => withBody(func, map(func.body, func)));
}

export function withBody(func: Func, body: Block): Func {
  return body === func.body ? func : Object.freeze({ ...func, body });
}

/** Some of an operation's parts; those left out stay. */
export interface OperationParts {
  readonly operands?: readonly Value[];
  readonly attributes?: Attributes;
  readonly regions?: readonly Block[];
  readonly results?: readonly Value[];
  readonly origin?: Origin | null;
  readonly segments?: readonly number[];
}

/** The operation with other parts, which are its own from here on. */
export function withParts(operation: Operation, parts: OperationParts): Operation {
  // written out, because every version of every operation is made here
  return Object.freeze({
    op: operation.op,
    operands: parts.operands ?? operation.operands,
    attributes: parts.attributes === undefined ? operation.attributes : Object.freeze(parts.attributes),
    regions: parts.regions ?? operation.regions,
    results: parts.results ?? operation.results,
    origin: parts.origin === undefined ? operation.origin : parts.origin,
    segments: parts.segments ?? operation.segments,
  });
}

/** The block with calls of other functions, by the names that they had; the same one where there are none. */
export function renameCallees(block: Block, names: ReadonlyMap<string, string>): Block {
  if (names.size === 0) return block;
  const operations = block.operations.map((operation) => {
    const callee = calleeOf(operation);
    const name = callee === null ? undefined : names.get(callee);
    const attributes = name === undefined ? operation.attributes : { ...operation.attributes, callee: name };
    return withParts(operation, { attributes, regions: operation.regions.map((r) => renameCallees(r, names)) });
  });
  return makeBlock(block.arguments, operations, block.results);
}

/** The same reference if no operand differs. */
export function withOperands(operation: Operation, operands: readonly Value[]): Operation {
  const same = operands === operation.operands || operands.every((v, i) => v === operation.operands[i]);
  return same ? operation : withParts(operation, { operands });
}

/** The same reference if no region differs. */
export function withRegions(operation: Operation, regions: readonly Block[]): Operation {
  return regions.every((r, i) => r === operation.regions[i]) ? operation : withParts(operation, { regions });
}

/** A block with these operations and results; the same reference if neither differs. */
export function withOperations(
  block: Block,
  operations: readonly Operation[],
  results: readonly Value[] = block.results,
): Block {
  const before = block.operations;
  const same =
    operations === before || (operations.length === before.length && operations.every((o, i) => o === before[i]));
  if (same && results.every((v, i) => v === block.results[i])) return block;
  return makeBlock(block.arguments, operations, results);
}

/**
 * A block with what `map` gives in place of each operation; the same reference, without a list on the way, where it gives each
 * operation itself.
 */
export function mapOperations(
  block: Block,
  map: (operation: Operation, position: number) => Operation | readonly Operation[],
  results: () => readonly Value[] = () => block.results,
): Block {
  const before = block.operations;
  let operations: Operation[] | null = null;
  for (let i = 0; i < before.length; i++) {
    const next = map(before[i], i);
    if (next === before[i]) operations?.push(next);
    else {
      operations ??= before.slice(0, i);
      if ("op" in next) operations.push(next);
      else for (const operation of next) operations.push(operation);
    }
  }
  return withOperations(block, operations ?? before, results());
}

/** Values replaced by others of the same type. Chains are followed, so `a → b → c` reads c. */
export class Replacements {
  readonly #map = new ValueMap<Value>();

  get size(): number {
    return this.#map.size;
  }

  set(from: Value, to: Value): void {
    const end = this.get(to);
    if (from !== end) this.#map.set(from, end);
  }

  get(value: Value): Value {
    let end = value;
    for (let next = this.#map.get(end); next !== undefined; next = this.#map.get(end)) end = next;
    // every value on the way reads the end at once from now on, so that long chains stay linear
    for (let v = value; v !== end; ) {
      const next = this.#map.get(v) ?? end;
      this.#map.set(v, end);
      v = next;
    }
    return end;
  }

  /** The same reference if none is replaced. */
  all(values: readonly Value[]): readonly Value[] {
    if (this.#map.size === 0) return values;
    for (const v of values) if (this.#map.has(v)) return values.map((w) => this.get(w));
    return values;
  }

  /** The operation with its operands replaced, regions included; the same reference if none was. */
  operation(operation: Operation): Operation {
    if (this.#map.size === 0) return operation;
    const renamed = withOperands(operation, this.all(operation.operands));
    if (operation.regions.length === 0) return renamed;
    return withRegions(
      renamed,
      operation.regions.map((r) => this.block(r)),
    );
  }

  block(block: Block): Block {
    if (this.#map.size === 0) return block;
    return mapOperations(
      block,
      (o) => this.operation(o),
      () => this.all(block.results),
    );
  }
}

/** Copies operations into a builder under other operands and, where given, other dimension symbols. */
export class Cloner {
  readonly #values = new ValueMap<Value>();
  readonly #lookup: ((name: string) => Dim | undefined) | null;

  readonly #origin: Origin | null;

  /** `origin` is that of the copies of operations that have none. */
  constructor(symbols: Readonly<Record<string, Dim>> = {}, origin: Origin | null = null) {
    this.#origin = origin;
    this.#lookup =
      Object.keys(symbols).length === 0 ? null : (name) => (Object.hasOwn(symbols, name) ? symbols[name] : undefined);
  }

  set(from: Value, to: Value): void {
    this.#values.set(from, to);
  }

  get(value: Value): Value {
    return this.#values.get(value) ?? value;
  }

  type(type: Type): Type {
    const lookup = this.#lookup;
    return lookup === null ? type : mapDims(type, (d) => substituteDim(d, lookup));
  }

  /** Copies a block's operations to the end of `builder`; gives the copies of the block's results. */
  inline(block: Block, args: readonly Value[], builder: BlockBuilder): readonly Value[] {
    for (const [i, a] of block.arguments.entries()) this.set(a, args[i]);
    for (const operation of block.operations) builder.append(this.operation(operation));
    return block.results.map((v) => this.get(v));
  }

  /** A copy of a region with fresh arguments and results. */
  block(block: Block): Block {
    const args = block.arguments.map((a) => this.#fresh(a));
    const operations = block.operations.map((o) => this.operation(o));
    return makeBlock(
      args,
      operations,
      block.results.map((v) => this.get(v)),
    );
  }

  /** A copy of one operation with fresh results. */
  operation(operation: Operation): Operation {
    const { op, attributes, regions } = operation;
    return withParts(operation, {
      origin: operation.origin ?? this.#origin,
      operands: operation.operands.map((v) => this.get(v)),
      attributes: this.#lookup === null ? attributes : substituteAttributes(op, attributes, this.#lookup),
      regions: regions.length === 0 ? regions : regions.map((r) => this.block(r)),
      results: operation.results.map((v) => this.#fresh(v)),
    });
  }

  #fresh(value: Value): Value {
    const copy = new Value(this.type(value.type), value.name);
    this.set(value, copy);
    return copy;
  }
}
