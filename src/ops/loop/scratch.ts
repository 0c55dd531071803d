// Scratch memory: numbers, flags and index values in slots, one memory for each dtype.

import {
  type Attributes,
  BlockBuilder,
  currentBlock,
  type DType,
  memref,
  type Operation,
  type Origin,
  scalar,
  Value,
  withBuilder,
  withParts,
} from "../../ir/index.ts";
import { alloc, load, store } from "./loop.ts";

/** A place in the scratch memory of a dtype. */
export interface Slot {
  readonly dtype: DType;
  readonly at: number;
}

/** Memory, with a load and a store as the type rules make them: the others differ in the slot and the value. */
interface Memory {
  readonly memory: Value;
  readonly load: Operation;
  readonly store: Operation;
}

export class Scratch {
  /** The operations that allocate it. */
  readonly operations: readonly Operation[];
  readonly #memories = new Map<DType, Memory>();
  readonly #attributes: Attributes[] = [];

  /** `sizes` has the number of slots of each dtype; `origin` is what is said of its operations. */
  constructor(sizes: ReadonlyMap<DType, number>, origin: Origin | null) {
    const builder = new BlockBuilder();
    builder.origin = origin;
    for (const [dtype, size] of sizes)
      this.#memories.set(
        dtype,
        withBuilder(builder, () => made(dtype, size)),
      );
    this.operations = builder.operations;
  }

  /** Reads a slot; `here` gives what stands for the memory. */
  load(slot: Slot, name: string | null, here: (memory: Value) => Value): Operation {
    const { memory, load } = this.#memory(slot);
    const results = [new Value(scalar(slot.dtype), name)];
    return withParts(load, { operands: [here(memory)], attributes: this.#at(slot), results });
  }

  /** Writes a value to a slot. */
  store(value: Value, slot: Slot, here: (memory: Value) => Value): Operation {
    const { memory, store } = this.#memory(slot);
    return withParts(store, { operands: [value, here(memory)], attributes: this.#at(slot) });
  }

  #memory({ dtype }: Slot): Memory {
    const memory = this.#memories.get(dtype);
    if (memory === undefined) throw new Error(`internal invariant broken: no scratch memory of ${dtype}`);
    return memory;
  }

  #at({ at }: Slot): Attributes {
    return (this.#attributes[at] ??= Object.freeze({ at: Object.freeze([at]) }));
  }
}

function made(dtype: DType, size: number): Memory {
  const memory = alloc(memref(dtype, [size]), "scratch", "any");
  const models = new BlockBuilder();
  models.origin = currentBlock().origin;
  withBuilder(models, () => store(load(memory, [0]), memory, [0]));
  const [loading, storing] = models.operations;
  return { memory, load: loading, store: storing };
}
