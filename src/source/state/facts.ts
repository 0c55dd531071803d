// The facts that one reading of the text finds for the next: which locations each loop carries, which jumps leave it, and
// which literals have to be arrays. Loops and literals are known by their numbers, the same in every reading.

import type { ValueType } from "./abstract-value.ts";

export interface LoopFacts {
  /** The locations that an iteration changes, by key, with the type of those that hold nothing before the loop. */
  readonly carried: ReadonlyMap<string, ValueType | null>;
  /** Of these, the arrays that may have an alias at the end of an iteration, with its name. */
  readonly shared: ReadonlyMap<string, string>;
  /** The jumps that leave the loop, by the keys of their flags. */
  readonly exits: ReadonlySet<string>;
  /** Whether the condition has side effects, and so is a part of the body. */
  readonly testHasEffects: boolean;
  /** Whether the condition can be false. */
  readonly canEnd: boolean;
  /** Whether the body runs at least once, and the loop is left only by jumps from it. */
  readonly isEntered: boolean;
}

export class Facts {
  readonly loops = new Map<number, LoopFacts>();
  /** Literals that are indexed by a number that is no constant. */
  readonly #arrays: Set<number>;
  /** Classes of literals that join in one location, which are all arrays or all tuples: a union-find structure. */
  readonly #leaders = new Map<number, number>();

  constructor(arrays: ReadonlySet<number> = new Set()) {
    this.#arrays = new Set(arrays);
  }

  isArray(site: number): boolean {
    return this.#arrays.has(site);
  }

  requireArray(site: number): void {
    this.#arrays.add(this.#leader(site));
  }

  unite(a: number, b: number): void {
    const [x, y] = [this.#leader(a), this.#leader(b)];
    if (x === y) return;
    this.#leaders.set(x, y);
    if (this.#arrays.has(x)) this.#arrays.add(y);
  }

  /** The literals that have to be arrays, with all of their classes. */
  arrays(): ReadonlySet<number> {
    const all = new Set(this.#arrays);
    for (const site of this.#leaders.keys()) if (this.#arrays.has(this.#leader(site))) all.add(site);
    return all;
  }

  #leader(site: number): number {
    let leader = site;
    for (let next = this.#leaders.get(leader); next !== undefined; next = this.#leaders.get(leader)) leader = next;
    return leader;
  }
}
