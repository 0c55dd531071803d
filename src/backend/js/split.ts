// Which operations share one generated function: V8 never optimises a function over about 60 KB of bytecode.
//
// A block that is too heavy is cut into parts, runs of its operations that become functions of their own. A unit is
// such a function: the function's main one, or a part. What one unit defines and another reads crosses through a slot
// of a scratch array made once per call (memory, lists and index values through a second one), never through parameters.

import { type Block, type Func, isScalar, type Operation, type Value, ValueMap, ValueSet } from "../../ir/index.ts";

/** One generated function that shares the scratch of its call. */
export interface Unit {
  readonly parent: Unit | null;
}

/** Operations `start` up to `end` of a block, in a unit of their own. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly unit: Unit;
}

export interface SplitPlan {
  readonly main: Unit;
  /** The parts of each block that was cut. */
  readonly parts: ReadonlyMap<Block, readonly Part[]>;
  /** The blocks that hold parts, at any depth. */
  readonly holdsParts: ReadonlySet<Block>;
  readonly units: ValueMap<Unit>;
  /** The scratch slot of a value that crosses between units; numbers and memory are counted apart. */
  readonly slots: ValueMap<number>;
  readonly scratchSize: number;
  readonly memorySize: number;
}

/** What the generator makes of operations and values before they are placed. */
export interface ValueFacts {
  /** The value whose name stands for this one (loop results and region arguments share one variable). */
  canonical(value: Value): Value;
  /** Spelled in place wherever it is read, so that it never crosses. */
  isLiteral(value: Value): boolean;
  /** How much an operation adds to a function, its regions left out: 1 is one multiplication. */
  weight(operation: Operation): number;
}

/**
 * The heaviest block that stays one function, found by measuring: of plain f64 arithmetic 800 to 3,000 operations are
 * equally good, of operations with one call of `Math` 1,000 are and 1,500 are never optimised.
 */
export const partWeight = 1200;

/** Cuts a function where it is too heavy; `reserved` slots of the second scratch are left to the caller. */
export function planSplit(func: Func, facts: ValueFacts, reserved: number): SplitPlan {
  return new Splitter(facts, reserved).plan(func);
}

/**
 * Whether a value crosses as it is, in the second scratch: memory, lists, and index values, which would be floating-point
 * numbers once they came out of the first, and all arithmetic of subscripts with them (measured: 1.7 times as long).
 */
export function isTagged({ type }: Value): boolean {
  return !isScalar(type) || type.dtype === "index";
}

class Splitter {
  readonly #facts: ValueFacts;
  readonly #reserved: number;
  /** Where each heavy block is cut: the ends of its runs. */
  readonly #ends = new Map<Block, readonly number[]>();
  readonly #parts = new Map<Block, readonly Part[]>();
  readonly #holdsParts = new Set<Block>();
  readonly #units = new ValueMap<Unit>();
  readonly #crossing = new ValueSet();
  readonly #slots = new ValueMap<number>();
  /** In the order of definition. */
  readonly #values: Value[] = [];
  /** First and last part of the function's body: a slot is free again once its value's last part is over. */
  readonly #from = new ValueMap<number>();
  readonly #to = new ValueMap<number>();
  #position = 0;

  constructor(facts: ValueFacts, reserved: number) {
    this.#facts = facts;
    this.#reserved = reserved;
  }

  plan(func: Func): SplitPlan {
    const main: Unit = { parent: null };
    this.#cut(func.body);
    if (this.#ends.size > 0) this.#place(func.body, main, true);
    const scratchSize = this.#assign((v) => !isTagged(v), 0);
    const memorySize = this.#assign(isTagged, this.#reserved);
    return {
      main,
      parts: this.#parts,
      holdsParts: this.#holdsParts,
      units: this.#units,
      slots: this.#slots,
      scratchSize,
      memorySize,
    };
  }

  /** Cuts regions first, then the block itself where it is still too heavy; gives the weight of what is left. */
  #cut(block: Block): number {
    const weights = block.operations.map((operation) => this.#weigh(operation));
    const total = weights.reduce((sum, w) => sum + w, 0);
    if (total <= partWeight) return total;
    const ends: number[] = [];
    let start = 0;
    let weight = 0;
    for (const [i, w] of weights.entries()) {
      if (weight + w > partWeight && i > start) {
        ends.push(i);
        start = i;
        weight = 0;
      }
      weight += w;
    }
    this.#ends.set(block, [...ends, weights.length]);
    this.#holdsParts.add(block);
    return ends.length + 1;
  }

  #weigh(operation: Operation): number {
    let weight = this.#facts.weight(operation);
    for (const region of operation.regions) weight += this.#cut(region);
    return weight;
  }

  /** Gives every value its unit, and finds what crosses. */
  #place(block: Block, unit: Unit, isBody: boolean): void {
    for (const v of block.arguments) this.#define(v, unit);
    const ends = this.#ends.get(block);
    if (ends === undefined) for (const operation of block.operations) this.#placeOperation(operation, unit, block);
    else this.#placeParts(block, ends, unit, isBody);
    for (const v of block.results) this.#use(v, unit);
  }

  #placeParts(block: Block, ends: readonly number[], unit: Unit, isBody: boolean): void {
    const parts: Part[] = [];
    let start = 0;
    for (const end of ends) {
      if (isBody) this.#position = parts.length;
      const part: Part = { start, end, unit: { parent: unit } };
      parts.push(part);
      for (let i = start; i < end; i++) this.#placeOperation(block.operations[i], part.unit, block);
      start = end;
    }
    if (isBody) this.#position = parts.length;
    this.#parts.set(block, parts);
  }

  #placeOperation(operation: Operation, unit: Unit, block: Block): void {
    for (const v of operation.operands) this.#use(v, unit);
    for (const region of operation.regions) {
      this.#place(region, unit, false);
      if (this.#holdsParts.has(region)) this.#holdsParts.add(block);
    }
    for (const v of operation.results) this.#define(v, unit);
  }

  #define(value: Value, unit: Unit): void {
    const v = this.#facts.canonical(value);
    if (this.#units.has(v)) return;
    this.#units.set(v, unit);
    this.#values.push(v);
    this.#from.set(v, this.#position);
    this.#to.set(v, this.#position);
  }

  #use(value: Value, unit: Unit): void {
    const v = this.#facts.canonical(value);
    if (this.#facts.isLiteral(v)) return;
    if (this.#to.has(v)) this.#to.set(v, this.#position);
    if (this.#units.get(v) !== unit) this.#crossing.add(v);
  }

  /** Slots for the crossing values of one kind; values that are never alive in one part may share one. Gives the size. */
  #assign(isKind: (v: Value) => boolean, first: number): number {
    const endingAt = new Map<number, number[]>();
    const free: number[] = [];
    let size = first;
    let position = 0;
    for (const v of this.#values) {
      if (!this.#crossing.has(v) || !isKind(v)) continue;
      const from = this.#from.get(v) as number;
      const to = this.#to.get(v) as number;
      // in the order of definition positions only grow
      for (; position < from; position++) for (const slot of endingAt.get(position) ?? []) free.push(slot);
      const slot = free.pop() ?? size++;
      this.#slots.set(v, slot);
      const ending = endingAt.get(to);
      if (ending === undefined) endingAt.set(to, [slot]);
      else ending.push(slot);
    }
    return size;
  }
}
