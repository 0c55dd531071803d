// Outlining of parts: V8 never optimises a function over about 60 KB of bytecode.
//
// A block that is too heavy is cut into parts, runs of its operations that become functions of their own. A unit is one
// generated function: the main one, or a part. A value that one unit defines and another reads crosses through a slot of a
// scratch array made once per call (memory, lists and index values through a second one), never through parameters.

import { type Block, type Func, isScalar, type Operation, type Value, ValueMap, ValueSet } from "../../ir/index.ts";

/** One generated function that shares the scratch of its call. */
export interface Unit {
  readonly parent: Unit | null;
}

/** An outlined part: operations `start` up to `end` of a block, in a unit of their own. */
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

/** What the splitter needs to know of operations and values. */
export interface ValueFacts {
  /** The value whose variable this one shares. */
  canonical(value: Value): Value;
  /** Whether the value is spelled wherever it is read, so that it never crosses. */
  isLiteral(value: Value): boolean;
  /** How much an operation adds to a function, its regions left out. One multiplication is 1. */
  weight(operation: Operation): number;
}

/**
 * The weight of the heaviest block that is not cut, found by measuring. Functions of 800 to 3,000 operations of plain f64
 * arithmetic are equally fast. Of operations with one call of `Math` each, V8 optimises a function of 1,000, and never one
 * of 1,500.
 */
const partWeight = 1200;

/** Cuts a function where it is too heavy. The first `reserved` slots of the second scratch are left to the caller. */
export function planSplit(func: Func, facts: ValueFacts, reserved: number): SplitPlan {
  return new Splitter(facts, reserved).plan(func);
}

/**
 * Whether a value crosses in the second scratch, which holds tagged values: memory, lists, and index values. Out of the
 * first scratch an index would come as a floating-point number, and make all arithmetic of subscripts that (measured: 1.7
 * times as long).
 */
export function isTagged({ type }: Value): boolean {
  return !isScalar(type) || type.dtype === "index";
}

class Splitter {
  readonly #facts: ValueFacts;
  readonly #reserved: number;
  /** The ends of the parts of each heavy block. */
  readonly #ends = new Map<Block, readonly number[]>();
  readonly #parts = new Map<Block, readonly Part[]>();
  readonly #holdsParts = new Set<Block>();
  readonly #units = new ValueMap<Unit>();
  readonly #crossing = new ValueSet();
  readonly #slots = new ValueMap<number>();
  /** All values, in the order of definition. */
  readonly #values: Value[] = [];
  /** The first and last part of the function's body in which a value is live; its slot is free again behind the last. */
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
    if (this.#ends.size > 0) this.#assignUnits(func.body, main, true);
    const scratchSize = this.#assignSlots((v) => !isTagged(v), 0);
    const memorySize = this.#assignSlots(isTagged, this.#reserved);
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

  /** Cuts regions first, then the block itself where it is still too heavy. Returns the weight that remains in place. */
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

  /** Assigns a unit to every value, and finds the values that cross. */
  #assignUnits(block: Block, unit: Unit, isBody: boolean): void {
    for (const v of block.arguments) this.#define(v, unit);
    const ends = this.#ends.get(block);
    if (ends === undefined) for (const operation of block.operations) this.#visitOperation(operation, unit, block);
    else this.#splitBlock(block, ends, unit, isBody);
    for (const v of block.results) this.#use(v, unit);
  }

  #splitBlock(block: Block, ends: readonly number[], unit: Unit, isBody: boolean): void {
    const parts: Part[] = [];
    let start = 0;
    for (const end of ends) {
      if (isBody) this.#position = parts.length;
      const part: Part = { start, end, unit: { parent: unit } };
      parts.push(part);
      for (let i = start; i < end; i++) this.#visitOperation(block.operations[i], part.unit, block);
      start = end;
    }
    if (isBody) this.#position = parts.length;
    this.#parts.set(block, parts);
  }

  #visitOperation(operation: Operation, unit: Unit, block: Block): void {
    for (const v of operation.operands) this.#use(v, unit);
    for (const region of operation.regions) {
      this.#assignUnits(region, unit, false);
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

  /**
   * Assigns slots to the crossing values of one kind; values whose lifetimes are disjoint may share one. Returns the size.
   */
  #assignSlots(isKind: (v: Value) => boolean, first: number): number {
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
