// Facts about values, by identity. The values of one function are made one after another, so their ids lie close
// together: pages of an array find them several times faster than hashing does, and passes do little else.

import type { Value } from "./value.ts";

const pageBits = 6;
const pageSize = 1 << pageBits;
/** Pages that may stay empty between ids far apart; beyond, hashing takes less room. */
const maxPages = 1 << 16;

/** A map from values. Nothing stands for "no entry", so entries are never undefined. */
export class ValueMap<T extends NonNullable<unknown>> {
  #pages: ((T | undefined)[] | undefined)[] = [];
  /** The number of the first page. */
  #first = 0;
  #distant: Map<Value, T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(value: Value): T | undefined {
    const page = this.#pages[(value.id >>> pageBits) - this.#first];
    const found = page === undefined ? undefined : page[value.id & (pageSize - 1)];
    return found === undefined && this.#distant !== null ? this.#distant.get(value) : found;
  }

  has(value: Value): boolean {
    return this.get(value) !== undefined;
  }

  set(value: Value, fact: T): void {
    const page = this.#page(value.id >>> pageBits);
    const slot = value.id & (pageSize - 1);
    if (page === null) {
      this.#distant ??= new Map();
      if (!this.#distant.has(value)) this.#size++;
      this.#distant.set(value, fact);
      return;
    }
    if (page[slot] === undefined) this.#size++;
    page[slot] = fact;
  }

  delete(value: Value): void {
    if (!this.has(value)) return;
    this.#size--;
    this.#distant?.delete(value);
    const page = this.#pages[(value.id >>> pageBits) - this.#first];
    if (page !== undefined) page[value.id & (pageSize - 1)] = undefined;
  }

  /** The page of a number, made if it is missing; null where it lies too far from the others. */
  #page(number: number): (T | undefined)[] | null {
    if (this.#pages.length === 0) this.#first = number;
    if (number < this.#first && !this.#extendDown(number)) return null;
    const at = number - this.#first;
    // V8 keeps an array with wide gaps as a hash table: fill them
    if (at >= maxPages + this.#pages.length) return null;
    while (this.#pages.length < at) this.#pages.push(undefined);
    let page = this.#pages[at];
    if (page === undefined) this.#pages[at] = page = new Array<T | undefined>(pageSize).fill(undefined);
    return page;
  }

  /** Makes room before the first page, doubling, so that going down step by step stays linear. */
  #extendDown(number: number): boolean {
    const room = Math.min(Math.max(this.#first - number, this.#pages.length), this.#first);
    if (this.#first - number >= maxPages + this.#pages.length) return false;
    this.#pages = new Array<(T | undefined)[] | undefined>(room).fill(undefined).concat(this.#pages);
    this.#first -= room;
    return true;
  }
}

/** A set of values. */
export class ValueSet {
  readonly #map = new ValueMap<true>();

  constructor(values: Iterable<Value> = []) {
    for (const v of values) this.add(v);
  }

  get size(): number {
    return this.#map.size;
  }

  has(value: Value): boolean {
    return this.#map.has(value);
  }

  add(value: Value): void {
    this.#map.set(value, true);
  }

  delete(value: Value): void {
    this.#map.delete(value);
  }
}
