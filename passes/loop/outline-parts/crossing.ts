// What crosses between the parts of a function: numbers through scratch memory, everything else by name.
//
// A unit is what becomes one function: the function itself, or a part. A number that one unit defines and another reads has
// a slot in scratch memory of its dtype. Memory and lists are passed to the units that read them; those that a part defines
// and others read leave it.

import {
  type Block,
  type DType,
  isFree,
  isScalar,
  type Operation,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";
import type { Slot } from "../../../src/ops/index.ts";
import type { Cuts } from "./cut.ts";

export interface Crossing {
  readonly slots: ValueMap<Slot>;
  /** How many slots each dtype has. */
  readonly sizes: ReadonlyMap<DType, number>;
  /** Memory and lists that a part defines, and others read. */
  readonly leaving: ValueSet;
}

export function crossingOf(body: Block, cuts: Cuts): Crossing {
  return new Walk(cuts).run(body);
}

interface Unit {
  readonly parent: Unit | null;
}

/** A number that is defined: the first and last part of the function's body in which it is live. */
interface Lifetime {
  readonly value: Value;
  readonly dtype: DType;
  readonly from: number;
  to: number;
  crosses: boolean;
}

class Walk {
  readonly #cuts: Cuts;
  readonly #units = new ValueMap<Unit>();
  /** The lifetimes of numbers, in the order of definition. */
  readonly #lifetimes = new ValueMap<Lifetime>();
  readonly #order: Lifetime[] = [];
  /** Memory under another shape, which is made again wherever it is read. */
  readonly #views = new ValueMap<Value>();
  readonly #leaving = new ValueSet();
  #position = 0;

  constructor(cuts: Cuts) {
    this.#cuts = cuts;
  }

  run(body: Block): Crossing {
    this.#block(body, { parent: null }, true);
    return { ...slotsOf(this.#order.filter(({ crosses }) => crosses)), leaving: this.#leaving };
  }

  #block(block: Block, unit: Unit, isBody: boolean): void {
    this.#define(block.arguments, unit);
    const ends = this.#cuts.get(block);
    if (ends === undefined) for (const operation of block.operations) this.#operation(operation, unit);
    else this.#parts(block, ends, unit, isBody);
    for (const v of block.results) this.#use(v, unit);
  }

  #parts({ operations }: Block, ends: readonly number[], unit: Unit, isBody: boolean): void {
    let start = 0;
    for (const [k, end] of ends.entries()) {
      if (isBody) this.#position = k;
      const part: Unit = { parent: unit };
      for (let i = start; i < end; i++) this.#operation(operations[i], part);
      start = end;
    }
    if (isBody) this.#position = ends.length;
  }

  #operation(operation: Operation, unit: Unit): void {
    const { operands, regions, results } = operation;
    if (isFree(operation)) {
      if (operands.length > 0) this.#views.set(results[0], operands[0]);
      return;
    }
    for (const v of operands) this.#use(v, unit);
    for (const region of regions) this.#block(region, unit, false);
    this.#define(results, unit);
  }

  #define(values: readonly Value[], unit: Unit): void {
    for (const value of values) {
      this.#units.set(value, unit);
      const { type } = value;
      if (!isScalar(type)) continue;
      const [from, to] = [this.#position, this.#position];
      const lifetime = { value, dtype: type.dtype, from, to, crosses: false };
      this.#lifetimes.set(value, lifetime);
      this.#order.push(lifetime);
    }
  }

  /** Constants have no unit: nothing crosses. */
  #use(value: Value, unit: Unit): void {
    let v = value;
    for (let of = this.#views.get(v); of !== undefined; of = this.#views.get(v)) v = of;
    const definedIn = this.#units.get(v);
    if (definedIn === undefined) return;
    const lifetime = this.#lifetimes.get(v);
    if (lifetime === undefined) {
      if (!isWithin(unit, definedIn)) this.#leaving.add(v);
      return;
    }
    lifetime.to = this.#position;
    if (definedIn !== unit) lifetime.crosses = true;
  }
}

function isWithin(unit: Unit, outer: Unit): boolean {
  for (let u: Unit | null = unit; u !== null; u = u.parent) if (u === outer) return true;
  return false;
}

/** Slots for numbers in the order of definition; those whose lifetimes are disjoint may share one. */
function slotsOf(order: readonly Lifetime[]): Pick<Crossing, "slots" | "sizes"> {
  const slots = new ValueMap<Slot>();
  const sizes = new Map<DType, number>();
  for (const dtype of new Set(order.map((l) => l.dtype))) {
    const endingAt = new Map<number, Slot[]>();
    const free: Slot[] = [];
    let position = 0;
    for (const { value, from, to } of order.filter((l) => l.dtype === dtype)) {
      // in the order of definition positions only grow
      for (; position < from; position++) free.push(...(endingAt.get(position) ?? []));
      let slot = free.pop();
      if (slot === undefined) {
        const at = sizes.get(dtype) ?? 0;
        sizes.set(dtype, at + 1);
        slot = { dtype, at };
      }
      slots.set(value, slot);
      const ending = endingAt.get(to);
      if (ending === undefined) endingAt.set(to, [slot]);
      else ending.push(slot);
    }
  }
  return { slots, sizes };
}
