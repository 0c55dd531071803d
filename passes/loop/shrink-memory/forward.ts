// Store-to-load forwarding: an element that is read where it is known what was written to it last is that value.

import {
  type Access,
  accessOf,
  type Block,
  calleeOf,
  type Effects,
  groupOf,
  type Operation,
  positionOf,
  Replacements,
  type Storages,
  sameType,
  subDims,
  touchesMemory,
  type Value,
  withOperands,
  withOperations,
  withRegions,
} from "../../../src/ir/index.ts";
import { isSameBase, subscriptsOf } from "../analyses/subscripts.ts";

/** The most elements of one storage that are remembered. */
const most = 16;

/** A function's body in which no load reads what was just stored. */
export function forwarded(body: Block, effects: Effects, storages: Storages): Block {
  return new Forwarding(effects, storages).block(body, new Memory(null));
}

class Forwarding {
  readonly #effects: Effects;
  readonly #storages: Storages;
  readonly #replaced = new Replacements();

  constructor(effects: Effects, storages: Storages) {
    this.#effects = effects;
    this.#storages = storages;
  }

  block(block: Block, memory: Memory): Block {
    const operations: Operation[] = [];
    for (const operation of block.operations)
      if (!this.#isForwarded(operation, memory)) operations.push(this.#swept(operation, memory));
    return withOperations(block, operations, this.#replaced.all(block.results));
  }

  /** Whether the operation is a load of a known value, which stands for it from here on. */
  #isForwarded(operation: Operation, memory: Memory): boolean {
    const access = accessOf(operation);
    if (access === null || access.isWritten) return false;
    const storage = this.#storageOf(access.memory);
    const value = storage === null ? null : memory.valueAt(storage, elementOf(operation, access));
    if (value === null || !sameType(value.type, operation.results[0].type)) return false;
    this.#replaced.set(operation.results[0], value);
    return true;
  }

  /** The operation with operands replaced and regions swept. What it writes is noted. */
  #swept(operation: Operation, memory: Memory): Operation {
    const renamed = withOperands(operation, this.#replaced.all(operation.operands));
    if (renamed.regions.length > 0) {
      const { writes } = this.#effects.of(operation);
      const inside = new Memory(memory);
      // before the regions too: what a step writes, the next one reads
      if (!operation.op.traits.branches) this.#forget(writes, inside);
      const swept = withRegions(
        renamed,
        renamed.regions.map((region) => this.block(region, new Memory(inside))),
      );
      this.#forget(writes, memory);
      return swept;
    }
    const access = accessOf(renamed);
    if (access === null) {
      if (touchesMemory(renamed.op.effects) || calleeOf(renamed) !== null)
        this.#forget(this.#effects.of(renamed).writes, memory);
    } else if (access.isWritten) {
      const storage = this.#storageOf(access.memory);
      if (storage === null) this.#forget([access.memory], memory);
      else memory.store(storage, elementOf(renamed, access), groupOf(renamed, "value")[0]);
    }
    return renamed;
  }

  #forget(written: readonly Value[], memory: Memory): void {
    for (const v of written) {
      const of = this.#storages.of(v);
      if (of === "any") memory.forgetAll();
      else for (const storage of of) memory.forget(storage);
    }
  }

  #storageOf(memory: Value): Value | null {
    const of = this.#storages.of(memory);
    return of !== "any" && of.length === 1 ? of[0] : null;
  }
}

/** An element of a storage, by the name of the memory and the subscripts. */
interface Element {
  readonly operation: Operation;
  readonly access: Access;
}

function elementOf(operation: Operation, access: Access): Element {
  return { operation, access };
}

/** Whether two elements of one storage are surely the same one, or surely two. */
function compared(a: Element, b: Element): "same" | "other" | "unknown" {
  if (a.access.memory !== b.access.memory) {
    const distance = subDims(positionOf(a.access, a.operation), positionOf(b.access, b.operation));
    return distance === 0 ? "same" : typeof distance === "number" ? "other" : "unknown";
  }
  const [left, right] = [subscriptsOf(a.operation), subscriptsOf(b.operation)];
  let isSame = true;
  for (const [axis, { base, constant }] of left.entries()) {
    const isSameHere = isSameBase(base, right[axis].base);
    if (isSameHere && constant !== right[axis].constant) return "other";
    isSame &&= isSameHere;
  }
  return isSame ? "same" : "unknown";
}

/** What is known of the elements of memory at one place; inside of regions, beside what is known around them. */
class Memory {
  readonly #outer: Memory | null;
  readonly #known = new Map<Value, readonly Known[]>();
  #knowsOuter: boolean;

  constructor(outer: Memory | null) {
    this.#outer = outer;
    this.#knowsOuter = outer !== null;
  }

  valueAt(storage: Value, element: Element): Value | null {
    return this.#of(storage).find((known) => compared(known.element, element) === "same")?.value ?? null;
  }

  /** A store makes unknown what it may overwrite. */
  store(storage: Value, element: Element, value: Value): void {
    const others = this.#of(storage).filter((known) => compared(known.element, element) === "other");
    this.#known.set(storage, [...others.slice(1 - most), { element, value }]);
  }

  forget(storage: Value): void {
    this.#known.set(storage, []);
  }

  forgetAll(): void {
    this.#known.clear();
    this.#knowsOuter = false;
  }

  #of(storage: Value): readonly Known[] {
    const known = this.#known.get(storage);
    if (known !== undefined) return known;
    return this.#outer !== null && this.#knowsOuter ? this.#outer.#of(storage) : [];
  }
}

/** An element, and the value in it. */
interface Known {
  readonly element: Element;
  readonly value: Value;
}
