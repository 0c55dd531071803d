// What one reading of the text finds out for the next: which locations each loop changes and which jumps leave it, and
// which literals have to be arrays. Loops and literals are numbered in the order in which they are met, which is the same
// in every reading.

import type { Shape } from "./meaning.ts";

export interface LoopFacts {
  /** The locations that a step changes, by key, with the shape of those that hold nothing before the loop. */
  readonly carried: ReadonlyMap<string, Shape | null>;
  /** Of these, the arrays that may have another name at the end of a step, with that name. */
  readonly shared: ReadonlyMap<string, string>;
  /** The jumps out of the loop, by the keys of their flags. */
  readonly exits: ReadonlySet<string>;
  /** Whether the condition changes something itself. */
  readonly hasBusyTest: boolean;
  /** Whether the condition can be false. */
  readonly canEnd: boolean;
  /** Whether the body runs once at least, and every way out of the loop is a jump from there. */
  readonly isEntered: boolean;
}

export class Facts {
  readonly loops = new Map<number, LoopFacts>();
  /** Literals that are indexed by what is not known before. */
  readonly #arrays: Set<number>;
  /** Literals that meet in one variable are of one kind. */
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

  /** The literals that have to be arrays, all that go with them included. */
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
