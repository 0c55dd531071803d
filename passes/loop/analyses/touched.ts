// What an operation does to memory, with all that it holds: which storage it reads and writes, and of a loop, which part of a
// storage an iteration has to itself.

import {
  type Access,
  accessOf,
  addDims,
  calleeOf,
  type Dim,
  type Effects,
  type Func,
  indexDim,
  indicesOf,
  isSilent,
  type Op,
  type Operation,
  ownEffects,
  Storages,
  sameDim,
  subDims,
  touchesMemory,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";
import { isDim, type Subscript, subscriptsOf } from "./subscripts.ts";
import { weightOf } from "./weights.ts";

/** The subscripts that an iteration has along one axis: `sign · index + rest`, and numbers from the least to the most beside. */
interface OwnPart {
  readonly sign: 1 | -1;
  readonly rest: Dim;
  readonly least: number;
  readonly most: number;
}

/** How a storage is touched. */
interface StorageAccess {
  readonly isWritten: boolean;
  /** The shape of the memory through which it is touched, as far as it is the same everywhere. */
  readonly shape: readonly Dim[];
  /** By axis; null where the subscripts of iterations overlap, or nothing is known. */
  readonly parts: readonly (OwnPart | null)[];
}

export interface Touched {
  readonly storages: ValueMap<StorageAccess>;
  /** The keys of that map. */
  readonly keys: readonly Value[];
  /** Whether it touches memory that may be any. */
  readonly isAny: boolean;
  /** Whether it may end the run with an error; loads and stores do not, whose subscripts are in range. */
  readonly fails: boolean;
  readonly isObservable: boolean;
  /** Whether it writes to memory that whoever runs the function sees even where the run ends with an error. */
  readonly isSeen: boolean;
  /** How heavy it is as code, with its regions. */
  readonly weight: number;
}

/** What operations touch, found when it is asked for. */
export class Touches {
  readonly #effects: Effects;
  readonly #storages: Storages;
  readonly #seen: ValueSet;
  readonly #known = new WeakMap<Operation, Touched>();

  constructor(effects: Effects, { body, roles }: Func) {
    this.#effects = effects;
    this.#storages = new Storages(body);
    this.#seen = new ValueSet(body.arguments.filter((_, i) => roles[i] === "inout"));
  }

  of(operation: Operation): Touched {
    let touched = this.#known.get(operation);
    if (touched === undefined) {
      const { loop } = operation.op;
      const index = loop?.indices === 1 ? operation.regions[loop.body].arguments[0] : null;
      const walk = new Walk(this.#effects, this.#storages, this.#seen, index);
      walk.operation(operation);
      this.#known.set(operation, (touched = walk.finish()));
    }
    return touched;
  }

  /** Notes what one loop does that stands for two over the same indices. */
  merge(operation: Operation, first: Operation, second: Operation): void {
    const [a, b] = [this.of(first), this.of(second)];
    const storages = new ValueMap<StorageAccess>();
    for (const { keys, storages: touched } of [a, b]) {
      for (const storage of keys) {
        const [access, other] = [touched.get(storage), storages.get(storage)];
        if (access !== undefined) storages.set(storage, other === undefined ? access : united(other, access));
      }
    }
    this.#known.set(operation, {
      storages,
      keys: [...a.keys, ...b.keys.filter((storage) => a.storages.get(storage) === undefined)],
      isAny: a.isAny || b.isAny,
      fails: a.fails || b.fails,
      isObservable: a.isObservable || b.isObservable,
      isSeen: a.isSeen || b.isSeen,
      weight: a.weight + b.weight,
    });
  }
}

function isMemory({ type }: Value): boolean {
  return type.kind === "memref" || type.kind === "list";
}

class Walk {
  readonly #effects: Effects;
  readonly #storages: Storages;
  readonly #seen: ValueSet;
  readonly #index: Value | null;
  readonly #map = new ValueMap<StorageAccess>();
  readonly #keys: Value[] = [];
  #isAny = false;
  #fails = false;
  #isObservable = false;
  #isSeen = false;
  #weight = 0;

  constructor(effects: Effects, storages: Storages, seen: ValueSet, index: Value | null) {
    this.#effects = effects;
    this.#storages = storages;
    this.#seen = seen;
    this.#index = index;
  }

  finish(): Touched {
    return {
      storages: this.#map,
      keys: this.#keys,
      isAny: this.#isAny,
      fails: this.#fails,
      isObservable: this.#isObservable,
      isSeen: this.#isSeen,
      weight: this.#weight,
    };
  }

  operation(operation: Operation): void {
    this.#weight += weightOf(operation);
    if (isOfValues(operation)) return;
    for (const { operations } of operation.regions) for (const inner of operations) this.operation(inner);
    const access = accessOf(operation);
    if (access !== null) {
      this.#element(operation, access);
      return;
    }
    // what regions do has been noted with more of it than their effects say
    const isOuter = operation.regions.length > 0 && calleeOf(operation) === null;
    const { reads, writes, fails, observable } = isOuter ? ownEffects(operation) : this.#effects.of(operation);
    this.#fails ||= fails;
    this.#isObservable ||= observable;
    const whole = { shape: [], parts: [] };
    // what is seen is read, all of it
    for (const v of observable ? operation.operands.filter(isMemory) : reads)
      this.#touch(v, { ...whole, isWritten: false });
    for (const v of writes) this.#touch(v, { ...whole, isWritten: true });
  }

  #element(operation: Operation, { memory, isWritten, shape }: Access): void {
    const index = this.#index;
    const subscripts = subscriptsOf(operation);
    const of = this.#storages.of(memory);
    const known = of === "any" || of.length > 1 ? undefined : this.#map.get(of[0]);
    if (known !== undefined && known.shape === shape && (known.isWritten || !isWritten)) {
      if (known.parts.every((part, axis) => part === null || isWithin(subscripts[axis], part, index))) return;
    }
    this.#touch(memory, { isWritten, shape, parts: index === null ? [] : partsOf(subscripts, index) });
  }

  #touch(memory: Value, access: StorageAccess): void {
    const of = this.#storages.of(memory);
    this.#isAny ||= of === "any";
    this.#isSeen ||= access.isWritten && (of === "any" || of.some((storage) => this.#seen.has(storage)));
    for (const storage of of === "any" ? [] : of) {
      const known = this.#map.get(storage);
      if (known === undefined) this.#keys.push(storage);
      this.#map.set(storage, known === undefined ? access : united(known, access));
    }
  }
}

/** Whether the operation is of values alone: it touches no memory, and neither fails nor is seen. */
function isOfValues({ op, regions }: Operation): boolean {
  if (regions.length > 0) return false;
  let known = ofValues.get(op);
  if (known === undefined) {
    known = isSilent(op.effects) && !touchesMemory(op.effects) && op.attributes.callee === undefined;
    ofValues.set(op, known);
  }
  return known;
}

const ofValues = new WeakMap<Op, boolean>();

function isWithin({ base, constant }: Subscript, { sign, rest, least, most }: OwnPart, index: Value | null): boolean {
  return base === index && sign === 1 && rest === 0 && least <= constant && constant <= most;
}

function partsOf(subscripts: readonly Subscript[], index: Value): readonly (OwnPart | null)[] {
  return subscripts.map(({ base, constant }) => {
    const part = { least: constant, most: constant };
    if (base === index) return { ...part, sign: 1, rest: 0 };
    if (!isDim(base) || typeof base === "number" || !indicesOf([base]).has(index)) return null;
    const [without, beyond] = [subDims(base, indexDim(index)), addDims(base, indexDim(index))];
    if (!indicesOf([without]).has(index)) return { ...part, sign: 1, rest: without };
    return indicesOf([beyond]).has(index) ? null : { ...part, sign: -1, rest: beyond };
  });
}

/** What both touch. Along an axis parts are comparable where the axes before are the same. */
function united(a: StorageAccess, b: StorageAccess): StorageAccess {
  const isWritten = a.isWritten || b.isWritten;
  if (a.parts.length === 0 || b.parts.length === 0) return { isWritten, shape: [], parts: [] };
  let rank = Math.min(a.shape.length, b.shape.length);
  if (a.shape !== b.shape) {
    const other = a.shape.findIndex((d, axis) => axis >= rank || !sameDim(d, b.shape[axis]));
    if (other >= 0) rank = other;
  }
  const parts = Array.from({ length: rank }, (_, axis) => unitedPart(a.parts[axis], b.parts[axis]));
  return { isWritten, shape: rank === a.shape.length ? a.shape : a.shape.slice(0, rank), parts };
}

function unitedPart(a: OwnPart | null, b: OwnPart | null): OwnPart | null {
  if (a === null || b === null || a.sign !== b.sign || !sameDim(a.rest, b.rest)) return null;
  if (b.least >= a.least && b.most <= a.most) return a;
  return { ...a, least: Math.min(a.least, b.least), most: Math.max(a.most, b.most) };
}

/**
 * Whether an iteration of two loops over the same indices has the part of a storage that either touches to itself: along one
 * axis, its subscripts lie in a range narrower than the step from one index to the next.
 */
export function isOwn(storage: Value, a: Touched, b: Touched, step: number): boolean {
  const [left, right] = [a.storages.get(storage), b.storages.get(storage)];
  if (left === undefined || right === undefined) return false;
  return united(left, right).parts.some((part) => part !== null && part.most - part.least < step);
}

/** The storages that two touch, one of them by writing. */
export function conflictsOf(a: Touched, b: Touched): readonly Value[] {
  const [few, many] = a.keys.length < b.keys.length ? [a, b] : [b, a];
  return few.keys.filter((storage) => {
    const other = many.storages.get(storage);
    return other !== undefined && (other.isWritten || few.storages.get(storage)?.isWritten === true);
  });
}

/** Whether parts of the two may run in another order: the same error ends the run, with as much done before. */
export function keepsErrors(a: Touched, b: Touched): boolean {
  if (a.isObservable && b.isObservable) return false;
  const isTold = (t: Touched): boolean => t.fails || t.isObservable || t.isSeen;
  return !(a.fails && isTold(b)) && !(b.fails && isTold(a));
}

/** Whether the two may run in either order. */
export function mayBeSwapped(a: Touched, b: Touched): boolean {
  if (!keepsErrors(a, b)) return false;
  if ((a.isAny && touchesAnything(b)) || (b.isAny && touchesAnything(a))) return false;
  return conflictsOf(a, b).length === 0;
}

export function touchesAnything({ keys, isAny }: Touched): boolean {
  return isAny || keys.length > 0;
}
