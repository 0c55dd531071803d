// The choices of a generator: a stream of numbers that its seed determines, so that a program is its seed.

/**
 * A stream of choices, the same for the same seed on every machine: Weyl's sequence through the finaliser of MurmurHash3, as
 * in SplitMix (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed | 0, 0x85ebca6b) ^ 0x27d4eb2f;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** An integer from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor((this.#next() / 2 ** 32) * bound);
  }

  /** A number from 0 to below 1 of 53 bits, so that sums of several round. */
  fraction(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  /** True once in so many times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  shuffled<T>(list: readonly T[]): readonly T[] {
    const order = [...list];
    for (let i = order.length - 1; i > 0; i--) {
      const k = this.below(i + 1);
      [order[i], order[k]] = [order[k], order[i]];
    }
    return order;
  }

  /** Another stream, which goes on apart from this one. */
  fork(): Random {
    return new Random(this.#next());
  }
}
