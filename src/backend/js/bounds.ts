// Which subscripts the engine's own bounds check covers: an element outside of an array reads as undefined.

import {
  type Access,
  accessOf,
  bindOperands,
  groupOf,
  indexDim,
  type Operation,
  sameDim,
  type Value,
  ValueMap,
  ValueSet,
} from "../../ir/index.ts";
import { isNamed, type SubscriptAttributes } from "../../ops/index.ts";

export class SubscriptBounds {
  /** The position of each value's definition in the text. */
  readonly #order = new ValueMap<number>();
  readonly #subscripts = new ValueMap<SubscriptAttributes>();
  readonly #memory = new ValueMap<Value>();
  /** Memory with another use than a load at a subscript that it bounds. */
  readonly #otherwiseUsed = new ValueSet();

  constructor(parameters: readonly Value[]) {
    for (const v of parameters) this.#order.set(v, 0);
  }

  /**
   * The memory that a subscript indexes: of one axis, with the subscript's extent, loaded or stored at the subscript, and
   * defined before it.
   */
  memoryOf(subscript: Value): Value | undefined {
    return this.#memory.get(subscript);
  }

  /** Whether memory is only loaded, and only at subscripts that it bounds. */
  isReadAtSubscriptsOnly(memory: Value): boolean {
    return !this.#otherwiseUsed.has(memory);
  }

  /** Notes an operation, before its regions. */
  enter(operation: Operation): void {
    const { operands, regions, results } = operation;
    const order = this.#order.size;
    for (const v of results) this.#order.set(v, order);
    for (const region of regions) for (const v of region.arguments) this.#order.set(v, order);
    const access = accessOf(operation);
    const indexed = access === null ? null : this.#memoryAtSubscript(operation, access);
    for (const v of operands)
      if (v.type.kind === "memref" && (access?.isWritten !== false || v !== indexed)) this.#otherwiseUsed.add(v);
    if (isNamed<SubscriptAttributes>("subscript", operation)) this.#subscripts.set(results[0], operation.attributes);
  }

  /** The memory of a load or store whose only index is a subscript that the memory bounds. */
  #memoryAtSubscript(operation: Operation, { memory, shape, at }: Access): Value | null {
    if (at.length !== 1) return null;
    let index: Value | undefined;
    const bound = bindOperands(at[0], groupOf(operation, "at"), (v) => indexDim((index = v)));
    if (index === undefined || !sameDim(bound, indexDim(index))) return null;
    const subscript = this.#subscripts.get(index);
    if (subscript?.mode !== "fail" || subscript.size !== 1 || !sameDim(subscript.extent, shape[0])) return null;
    const order = (v: Value): number => this.#order.get(v) ?? Number.POSITIVE_INFINITY;
    if (!this.#memory.has(index) && order(memory) < order(index)) this.#memory.set(index, memory);
    return this.#memory.get(index) ?? null;
  }
}
