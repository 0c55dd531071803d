// Addresses of elements. What of one is the same in every step of a loop is computed before the loop, and what grows by the
// same number of bytes in every step is added to, which is called strength reduction.
//
// An address is the memory's, and the terms of the position in it, in order of how deep in loops they change. All
// arithmetic is modulo 2^32: an element that is in memory has the right address, whatever overflows on the way.

import {
  type Atom,
  type Dim,
  indexOf,
  isVariable,
  type Term,
  termsOf,
  type Value,
  ValueMap,
  ValueSet,
} from "../../ir/index.ts";
import type { Code } from "./code.ts";
import { bytesOf } from "./elements.ts";

/** What addresses are made of. */
interface Around {
  readonly code: Code;
  local(value: Value): number;
  symbol(name: string): number;
  /** How deep in scopes a value is defined. */
  depthOf(value: Value): number;
  /** Puts a part of a dimension on the stack. */
  atom(atom: Atom): void;
}

/** A loop whose counter addresses move along with. */
interface Counter {
  /** How deep the scope of its body is. */
  readonly depth: number;
  readonly step: number;
  /** The addresses, and the locals of what is added to them at the end of each step, or its number. */
  readonly moving: { readonly address: number; readonly by: number | { readonly local: number } }[];
}

export class Addresses {
  readonly #w: Around;
  readonly #counters = new ValueMap<Counter>();
  /** What is computed in each scope that is open, by what it is. */
  readonly #known: Map<string, number>[] = [new Map()];
  /** Index values that are never below 0. */
  readonly #natural = new ValueSet();

  constructor(w: Around) {
    this.#w = w;
  }

  scope(write: () => void): void {
    this.#known.push(new Map());
    write();
    this.#known.pop();
  }

  natural(value: Value): void {
    this.#natural.add(value);
  }

  /** Says that an index value counts the steps of the loop that is written next; before it stands where it begins. */
  counter(index: Value, step: number): void {
    this.#counters.set(index, { depth: this.#w.code.depth + 1, step, moving: [] });
  }

  /** Moves the addresses on that go along with a counter, behind a step. */
  advance(index: Value): void {
    const { code } = this.#w;
    for (const { address, by } of this.#counters.get(index)?.moving ?? []) {
      code.add("local.get", address);
      if (typeof by === "number") code.add("i32.const", by);
      else code.add("local.get", by.local);
      code.add("i32.add");
      code.add("local.set", address);
    }
  }

  /** Whether a dimension is a sum of products of what is never below 0. */
  isNatural(d: Dim): boolean {
    if (typeof d === "number") return d >= 0;
    return termsOf(d).every(({ coefficient, factors }) => coefficient >= 0 && factors.every((f) => this.#isNatural(f)));
  }

  #isNatural(atom: Atom): boolean {
    if (!isVariable(atom)) return false;
    const index = indexOf(atom);
    return index === null || this.#natural.has(index);
  }

  /** Puts an address on the stack; gives how many bytes behind it the element is. */
  put(memory: Value, position: Dim): number {
    const bytes = bytesOf(memory.type);
    const terms = typeof position === "number" ? [] : termsOf(position).filter(({ factors }) => factors.length > 0);
    const constant = constantOf(position);
    let depth = this.#w.depthOf(memory);
    let local = this.#w.local(memory);
    let key = String(local);
    for (const [at, own] of this.#byDepth(terms)) {
      const counter = at > depth ? this.#counterOf(own, at) : null;
      depth = Math.max(depth, at);
      key += ` + ${own.map((t) => `${t.coefficient}*${t.key}`).join(" + ")} of ${bytes}`;
      const base = local;
      const isNew = !this.#known[depth].has(key);
      const write = (): void => {
        this.#w.code.add("local.get", base);
        for (const term of own) {
          this.#putTerm(term, bytes);
          this.#w.code.add("i32.add");
        }
      };
      local = this.#once(depth, key, write, counter === null ? depth : depth - 1);
      if (counter !== null && isNew) counter.moving.push({ address: local, by: this.#stride(own, bytes, counter) });
    }
    this.#w.code.add("local.get", local);
    const offset = constant * bytes;
    if (offset === 0) return 0;
    // an offset does not wrap: what it is added to has to be in memory
    if (offset > 0 && offset < 2 ** 31 && this.isNatural(position)) return offset;
    this.#w.code.add("i32.const", offset | 0);
    this.#w.code.add("i32.add");
    return 0;
  }

  /** The counter of the loop at this depth, where each of the terms grows by the same in every step of it. */
  #counterOf(terms: readonly Term[], depth: number): Counter | null {
    const counters = terms.map(({ factors }) => {
      const inner = factors.filter((f) => this.#depthOf(f) === depth);
      const [only] = inner;
      const index = inner.length === 1 && isVariable(only) ? indexOf(only) : null;
      return (index !== null && this.#counters.get(index)) || null;
    });
    const [counter] = counters;
    return counter?.depth === depth && counters.every((c) => c === counter) ? counter : null;
  }

  /** By how many bytes terms grow in a step. */
  #stride(terms: readonly Term[], bytes: number, { depth, step }: Counter): Counter["moving"][number]["by"] {
    if (terms.every(({ factors }) => factors.length === 1))
      return terms.reduce((sum, { coefficient }) => (sum + Math.imul(coefficient * step, bytes)) | 0, 0);
    const key = `${terms.map((t) => `${t.coefficient}*${t.key}`).join(" + ")} of ${bytes} a step`;
    const local = this.#once(depth - 1, key, () => {
      for (const [i, { coefficient, factors }] of terms.entries()) {
        const rest = factors.filter((f) => this.#depthOf(f) !== depth);
        this.#putProduct(rest, Math.imul(coefficient * step, bytes));
        if (i > 0) this.#w.code.add("i32.add");
      }
    });
    return { local };
  }

  /** The terms by the depth from which on they are known, the outermost first. */
  #byDepth(terms: readonly Term[]): readonly (readonly [number, readonly Term[]])[] {
    const levels = new Map<number, Term[]>();
    for (const term of terms) {
      const depth = term.factors.reduce((d, factor) => Math.max(d, this.#depthOf(factor)), 0);
      const level = levels.get(depth);
      if (level === undefined) levels.set(depth, [term]);
      else level.push(term);
    }
    return [...levels].sort(([a], [b]) => a - b);
  }

  /** What may trap is computed where it is wanted. */
  #depthOf(atom: Atom): number {
    if (!isVariable(atom)) return this.#w.code.depth;
    const index = indexOf(atom);
    return index === null ? 0 : this.#w.depthOf(index);
  }

  #putTerm({ coefficient, factors }: Term, bytes: number): void {
    this.#putProduct(factors, Math.imul(coefficient, bytes));
  }

  #putProduct(factors: readonly Atom[], scale: number): void {
    const { code } = this.#w;
    for (const [i, factor] of factors.entries()) {
      this.#putAtom(factor);
      if (i > 0) code.add("i32.mul");
    }
    if (factors.length === 0) {
      code.add("i32.const", scale);
      return;
    }
    if (scale === 1) return;
    code.add("i32.const", scale);
    code.add("i32.mul");
  }

  #putAtom(atom: Atom): void {
    const { code } = this.#w;
    if (!isVariable(atom)) {
      this.#w.atom(atom);
      code.add("i32.wrap_i64");
      return;
    }
    const index = indexOf(atom);
    const wide = index === null ? this.#w.symbol(atom.key) : this.#w.local(index);
    code.add("local.get", wide);
    code.add("i32.wrap_i64");
  }

  /** What `write` leaves on the stack, which is known in the scope at this depth; it is computed once, there or further out. */
  #once(depth: number, key: string, write: () => void, at = depth): number {
    const known = this.#known[depth];
    let local = known.get(key);
    if (local === undefined) {
      const made = this.#w.code.local("i32", "at");
      this.#w.code.at(at, () => {
        write();
        this.#w.code.add("local.set", made);
      });
      known.set(key, made);
      local = made;
    }
    return local;
  }
}

function constantOf(d: Dim): number {
  return typeof d === "number" ? d : (termsOf(d).find(({ factors }) => factors.length === 0)?.coefficient ?? 0);
}
