// The cotangents gathered so far in one backward block.

import { type Increment, type Value, ValueMap, ValueSet } from "../../../src/ir/index.ts";
import { add, zerosLike } from "../../../src/ops/index.ts";

/** By original value. */
export class Cotangents {
  readonly #map = new ValueMap<Value>();
  readonly #seen = new ValueSet();
  readonly #values: Value[] = [];

  add(value: Value, contribution: Value): void {
    const before = this.get(value);
    this.set(value, before === null ? contribution : add(before, contribution));
  }

  /** Lets an increment add itself. */
  increment(value: Value, increment: Increment): void {
    this.set(value, increment.addTo(this.get(value) ?? zerosLike(value)));
  }

  set(value: Value, cotangent: Value): void {
    if (!this.#seen.has(value)) {
      this.#seen.add(value);
      this.#values.push(value);
    }
    this.#map.set(value, cotangent);
  }

  get(value: Value): Value | null {
    return this.#map.get(value) ?? null;
  }

  /** What was gathered so far, and no longer is. */
  take(value: Value): Value | null {
    const gathered = this.get(value);
    this.#map.delete(value);
    return gathered;
  }

  /** In the order in which they received their first contribution. */
  get values(): readonly Value[] {
    return this.#values;
  }
}
