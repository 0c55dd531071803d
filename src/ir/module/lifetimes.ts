// When memory is in use: from the first operation that has it to the last, loops counted whole.

import type { Value } from "../data/value.ts";
import { ValueMap } from "../data/value-map.ts";
import type { Op } from "../op/op.ts";
import type { Block, Operation } from "./module.ts";
import type { Storages } from "./storage.ts";

/** From one point of a function's course to another, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When some memory is in use. */
export interface Lifetime extends Span {
  /** Whether the block that makes it gives it: then it is in use for longer than is known here. */
  readonly isGiven: boolean;
  /** The first operation of the block that makes it which uses it, or holds the one that does; null of unused memory. */
  readonly user: Operation | null;
  /** When that one begins. */
  readonly before: number;
}

/** Whether two spans have a point in common. */
export function overlaps(a: Span, b: Span): boolean {
  return a.from <= b.to && b.from <= a.to;
}

/** Whether the operations of an op state when the memory that they give is in use: it may share places. */
export function statesSpans({ effects, attributes }: Op): boolean {
  return effects.allocates && attributes.from !== undefined && attributes.to !== undefined;
}

/** The spans that an operation states for its results, which share memory where spans do not overlap; null of any other. */
export function statedSpans({ op, attributes: { from, to } }: Operation): readonly Span[] | null {
  if (!statesSpans(op) || !Array.isArray(from) || !Array.isArray(to)) return null;
  return from.map((first, k) => ({ from: Number(first), to: Number(to[k]) }));
}

/**
 * The lifetimes of memory that the operations of `made` give, wherever in the function they stand; null where something may
 * be any memory.
 */
export function lifetimesOf(
  body: Block,
  storages: Storages,
  made: (operation: Operation) => boolean,
): ValueMap<Lifetime> | null {
  const uses = new Uses(storages, made);
  uses.block(body);
  return uses.isKnown ? uses.lifetimes : null;
}

/** What is known of memory so far. */
interface Use extends Lifetime {
  from: number;
  to: number;
  isGiven: boolean;
  user: Operation | null;
  before: number;
  /** How many operations stand around the one that makes it. */
  readonly depth: number;
}

/** An operation with regions around what is looked at. */
interface Around {
  readonly operation: Operation;
  readonly begins: number;
  /** What is made outside of it and used inside. */
  readonly used: Set<Use>;
}

class Uses {
  readonly lifetimes = new ValueMap<Use>();
  isKnown = true;
  readonly #storages: Storages;
  readonly #made: (operation: Operation) => boolean;
  readonly #around: Around[] = [];
  #now = 0;

  constructor(storages: Storages, made: (operation: Operation) => boolean) {
    this.#storages = storages;
    this.#made = made;
  }

  block({ operations, results }: Block): void {
    for (const operation of operations) this.#operation(operation);
    for (const v of results) this.#use(v, null);
  }

  #operation(operation: Operation): void {
    const begins = this.#now++;
    const depth = this.#around.length;
    if (this.#made(operation)) {
      const unused = { from: begins, to: begins, isGiven: false, user: null, before: begins, depth };
      for (const v of operation.results) this.lifetimes.set(v, { ...unused });
    }
    for (const v of operation.operands) this.#use(v, operation);
    if (operation.regions.length === 0) return;
    const around = { operation, begins, used: new Set<Use>() };
    this.#around.push(around);
    for (const region of operation.regions) this.block(region);
    this.#around.pop();
    const ends = this.#now++;
    if (operation.op.loop === null) return;
    // what one step uses, the next one may find there
    for (const use of around.used) {
      use.from = Math.min(use.from, begins);
      use.to = ends;
    }
  }

  /** A use by an operation, or where a block ends. */
  #use(v: Value, by: Operation | null): void {
    if (v.type.kind !== "memref") return;
    const storages = this.#storages.of(v);
    if (storages === "any") this.isKnown = false;
    else for (const storage of storages) this.#note(storage, by);
  }

  #note(storage: Value, by: Operation | null): void {
    const use = this.lifetimes.get(storage);
    if (use === undefined) return;
    const inside = this.#around.slice(use.depth);
    use.to = this.#now - 1;
    if (use.user === null) {
      use.from = use.to;
      use.user = inside[0]?.operation ?? by;
      use.before = inside[0]?.begins ?? use.to;
    }
    if (by === null && inside.length === 0) use.isGiven = true;
    for (const { used } of inside) used.add(use);
  }
}
