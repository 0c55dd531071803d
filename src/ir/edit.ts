// Changing IR: new versions share what did not change, and an edit that changes nothing gives the same reference.
//
// Immer makes the new module around changed parts. Walk originals, never drafts, and assign whole blocks: that keeps
// an edit of 10,000 operations at one assignment.

import { type Draft, produce } from "immer";
import { substituteAttributes } from "./attributes.ts";
import type { BlockBuilder } from "./builder.ts";
import { type Dim, substituteDim } from "./dim.ts";
import { type Block, type Func, type Module, makeBlock, type Operation, Value } from "./module.ts";
import { mapDims, type Type } from "./type.ts";

/** A new version of the module; the same reference if the recipe assigns nothing new. */
export function editModule(module: Module, recipe: (draft: Draft<Module>) => void): Module {
  return produce(module, (draft) => void recipe(draft));
}

/** Maps every function; null drops it, and the same reference keeps it. */
export function mapFuncs(module: Module, map: (func: Func) => Func | null): Module {
  const funcs = module.funcs.map(map).filter((f) => f !== null);
  if (funcs.length === module.funcs.length && funcs.every((f, i) => f === module.funcs[i])) return module;
  return editModule(module, (draft) => {
    draft.funcs = funcs as Draft<Func>[];
  });
}

/** Maps the body of every function. */
export function mapBodies(module: Module, map: (body: Block, func: Func) => Block): Module {
  return mapFuncs(module, (func) => withBody(func, map(func.body, func)));
}

export function withBody(func: Func, body: Block): Func {
  return body === func.body ? func : Object.freeze({ ...func, body });
}

export function withRegions(operation: Operation, regions: readonly Block[]): Operation {
  if (regions.every((r, i) => r === operation.regions[i])) return operation;
  return Object.freeze({ ...operation, regions: Object.freeze([...regions]) });
}

/** A block with these operations and results; the same reference if neither differs. */
export function withOperations(
  block: Block,
  operations: readonly Operation[],
  results: readonly Value[] = block.results,
): Block {
  const same = operations.length === block.operations.length && operations.every((o, i) => o === block.operations[i]);
  if (same && results.every((v, i) => v === block.results[i])) return block;
  return makeBlock(block.arguments, operations, results);
}

/** Values replaced by others of the same type. Chains are followed, so `a → b → c` reads c. */
export class Replacements {
  readonly #map = new Map<Value, Value>();

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

  all(values: readonly Value[]): readonly Value[] {
    if (this.#map.size === 0 || values.every((v) => !this.#map.has(v))) return values;
    return values.map((v) => this.get(v));
  }

  /** The operation with its operands replaced, regions included; the same reference if none was. */
  apply(operation: Operation): Operation {
    if (this.#map.size === 0) return operation;
    const operands = this.all(operation.operands);
    const regions = operation.regions.map((r) => this.applyBlock(r));
    if (operands === operation.operands && regions.every((r, i) => r === operation.regions[i])) return operation;
    return Object.freeze({ ...operation, operands: Object.freeze(operands), regions: Object.freeze(regions) });
  }

  applyBlock(block: Block): Block {
    return withOperations(
      block,
      block.operations.map((o) => this.apply(o)),
      this.all(block.results),
    );
  }
}

/** Copies operations into a builder under other operands and, where given, other dimension symbols. */
export class Cloner {
  readonly #values = new Map<Value, Value>();
  readonly #lookup: ((name: string) => Dim | undefined) | null;

  constructor(symbols: Readonly<Record<string, Dim>> = {}) {
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
    const operands = operation.operands.map((v) => this.get(v));
    const regions = operation.regions.map((r) => this.block(r));
    const { op, attributes } = operation;
    return Object.freeze({
      ...operation,
      operands: Object.freeze(operands),
      attributes: this.#lookup === null ? attributes : substituteAttributes(op, attributes, this.#lookup),
      regions: Object.freeze(regions),
      results: Object.freeze(operation.results.map((v) => this.#fresh(v))),
    });
  }

  #fresh(value: Value): Value {
    const copy = new Value(this.type(value.type), value.name);
    this.set(value, copy);
    return copy;
  }
}
