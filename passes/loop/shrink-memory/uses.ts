// Where a function touches its memory: each load and store with the loops around it, for memory that nothing else touches.

import {
  accessOf,
  type Block,
  type Effects,
  type Func,
  freshMemory,
  type Operation,
  ownEffects,
  type Storages,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";
import { type Subscript, subscriptsOf } from "../analyses/subscripts.ts";

/** A region that is run, and the operation that holds it. */
export interface Step {
  readonly operation: Operation;
  readonly region: Block;
}

/** A load or store of memory under its own name. */
export interface MemoryUse {
  readonly operation: Operation;
  readonly isWritten: boolean;
  readonly at: readonly Subscript[];
  /** The regions around it, the outermost first. */
  readonly path: readonly Step[];
  /** Operations count in the order in which they stand. */
  readonly position: number;
}

/** All uses of memory that a function makes or is given, where each is a load or store under the memory's own name. */
export class MemoryUses {
  /** What holds anything at first and is made once, outside of every loop. */
  readonly made: Value[] = [];
  readonly #uses = new ValueMap<MemoryUse[]>();
  readonly #others = new ValueSet();
  readonly #renamed = new ValueSet();
  readonly #effects: Effects;
  readonly #storages: Storages;
  #isAnyTouched = false;
  #position = 0;

  constructor({ body }: Func, effects: Effects, storages: Storages) {
    this.#effects = effects;
    this.#storages = storages;
    for (const operation of body.operations) if (freshMemory(operation) === "any") this.made.push(operation.results[0]);
    if (this.made.length > 0) this.#block(body, []);
    this.#other(body.results);
  }

  /** The uses in order; null where there are others than loads and stores, or those of other names. */
  of(memory: Value): readonly MemoryUse[] | null {
    return this.#isAnyTouched || this.#others.has(memory) ? null : (this.#uses.get(memory) ?? []);
  }

  /** Whether it has other names too, though nothing is loaded or stored by these. */
  isRenamed(memory: Value): boolean {
    return this.#renamed.has(memory);
  }

  #block({ operations, results }: Block, path: readonly Step[]): void {
    for (const operation of operations) {
      const position = this.#position++;
      const access = accessOf(operation);
      if (access !== null && this.#isStorage(access.memory)) {
        const at = subscriptsOf(operation);
        this.#add(access.memory, { operation, isWritten: access.isWritten, at, path, position });
        continue;
      }
      for (const v of operation.operands) if (v.type.kind === "memref") this.#renamed.add(v);
      const { reads, writes, observable } =
        operation.regions.length === 0 ? this.#effects.of(operation) : ownEffects(operation);
      this.#other(observable ? operation.operands : reads);
      this.#other(writes);
      for (const region of operation.regions) this.#block(region, [...path, { operation, region }]);
    }
    if (path.length > 0) this.#other(results);
  }

  #isStorage(memory: Value): boolean {
    const of = this.#storages.of(memory);
    return of !== "any" && of.length === 1 && of[0] === memory;
  }

  #add(memory: Value, use: MemoryUse): void {
    const uses = this.#uses.get(memory);
    if (uses === undefined) this.#uses.set(memory, [use]);
    else uses.push(use);
  }

  #other(memory: readonly Value[]): void {
    for (const v of memory) {
      if (v.type.kind !== "memref") continue;
      const of = this.#storages.of(v);
      if (of === "any") this.#isAnyTouched = true;
      else for (const storage of of) this.#others.add(storage);
    }
  }
}

/** Whether a subscript is the index that a loop counts. */
export function isIndexOf(subscript: Subscript | undefined, { region, operation }: Step): boolean {
  return operation.op.loop?.indices === 1 && subscript?.base === region.arguments[0] && subscript.constant === 0;
}
