// Gathers the cotangents of one backward block: a value that is read several times receives a sum of contributions.

import { type Increment, type Value, ValueMap, ValueSet } from "../../../src/ir/index.ts";
import { add, zerosLike } from "../../../src/ops/index.ts";

/** The cotangents gathered so far, by original value. */
export class Cotangents {
  readonly #map = new ValueMap<Value>();
  readonly #seen = new ValueSet();
  readonly #values: Value[] = [];

  add(value: Value, contribution: Value): void {
    const before = this.get(value);
    this.set(value, before === null ? contribution : add(before, contribution));
  }

  /** Lets an increment add itself to the cotangent gathered so far, or to zeros. */
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

  /** Gives the cotangent gathered so far, and forgets it: whoever takes it adds to it and gives it back. */
  take(value: Value): Value | null {
    const gathered = this.get(value);
    this.#map.delete(value);
    return gathered;
  }

  /** The values that received a cotangent, in the order in which they received their first one. */
  get values(): readonly Value[] {
    return this.#values;
  }
}
