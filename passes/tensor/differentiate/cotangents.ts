// The cotangents gathered so far in one backward block.

import { type Cotangent, type Increment, type Value, ValueMap, ValueSet } from "../../../src/ir/index.ts";
import { or, zerosLike } from "../../../src/ops/index.ts";
import { asCotangent, type Flow, maskOf, plain, predicateOf, sum, unmask } from "./mask.ts";

/** The mask of what an increment adds. */
export interface AddedMask {
  /** Null: all of it is taken. */
  readonly mask: Value | null;
  /** All of it, as a mask. */
  all(): Value;
  /** Of what is added to, the elements that it reaches. */
  support(mask: Value): Value | null;
}

/** The mask of the sum; null where all may be taken. */
function maskAfter(increment: Increment, before: Flow | null, added: AddedMask): Value | null {
  if (before === null) return added.mask === null ? null : added.support(added.mask);
  if (before.mask.length === 0) return null;
  const mask = added.mask ?? added.all();
  const gathered = predicateOf(before.mask);
  if (increment.addMask !== undefined) return increment.addMask(gathered, mask);
  const reached = added.support(mask);
  return reached === null ? null : or(gathered, reached);
}

/** By original value. */
export class Cotangents {
  readonly #map = new ValueMap<Flow>();
  readonly #seen = new ValueSet();
  readonly #values: Value[] = [];
  /** The values whose cotangents keep their masks. */
  readonly #keeps: ValueSet;

  constructor(keeps: ValueSet) {
    this.#keeps = keeps;
  }

  add(value: Value, contribution: Flow): void {
    const before = this.get(value);
    this.set(value, before === null ? contribution : sum(before, contribution, this.#keeps.has(value)));
  }

  /** Lets an increment add itself. */
  increment(value: Value, increment: Increment, added: AddedMask | null): void {
    const before = this.get(value);
    const total = increment.addTo(before === null ? zerosLike(value) : unmask(before));
    const mask = added === null || !this.#keeps.has(value) ? null : maskAfter(increment, before, added);
    this.set(value, mask === null ? plain(total) : { value: total, mask: maskOf(mask), isClean: true });
  }

  set(value: Value, cotangent: Flow): void {
    if (!this.#seen.has(value)) {
      this.#seen.add(value);
      this.#values.push(value);
    }
    this.#map.set(value, cotangent);
  }

  get(value: Value): Flow | null {
    return this.#map.get(value) ?? null;
  }

  /** What was gathered so far, and no longer is. */
  take(value: Value): Cotangent | null {
    const gathered = this.get(value);
    this.#map.delete(value);
    if (gathered === null) return null;
    return this.#keeps.has(value) ? asCotangent(gathered) : unmask(gathered);
  }

  /** In the order in which they received their first contribution. */
  get values(): readonly Value[] {
    return this.#values;
  }
}
