// Straight-line code on vectors: stores to neighbouring elements become one, and so does what they store; what a loop carries
// side by side becomes vectors.
//
// All of it is done where the last store of a group stands. What is moved there passes no operation that it may not be exchanged
// with: loads pass no store that may be to their element; stores pass no access that may be, and nothing that may fail.

import {
  accessOf,
  type Block,
  BlockBuilder,
  boundBy,
  calleeOf,
  type Dim,
  type DType,
  dtypes,
  type Effects,
  elementDType,
  emit,
  type FuncScope,
  groupOf,
  isPure,
  type Operation,
  type Storages,
  subDims,
  termsOf,
  type Value,
  ValueMap,
  type VectorType,
  withBuilder,
} from "../../../src/ir/index.ts";
import { splat, storeLanes } from "../../../src/ops/index.ts";
import type { Target } from "../../../src/target/index.ts";
import { countedLoop } from "../analyses/counted.ts";
import { carryVectors, groupsOf, lanesOfCarried } from "./carried.ts";
import { type Lanes, NoVector, type Site, Superwords } from "./superwords.ts";

/** Over how many operations that touch memory, may fail or are seen something is moved. */
const farthest = 512;

/** What is known of the function around. */
export interface Around {
  readonly target: Target;
  readonly scope: FuncScope;
  readonly storages: Storages;
  readonly effects: Effects;
  readonly lanes: Lanes;
  /** The vectors that stand in a block, by its operations. */
  readonly made: WeakMap<readonly Operation[], ReadonlyMap<string, Value>>;
}

/** An access to one element, over index values. */
interface Place {
  readonly memory: Value;
  readonly at: readonly Dim[];
}

/** Stores to neighbouring elements, by where they stand in the block. */
type Group = readonly number[];

/** The operations of a block, on vectors where there are any. */
export function onVectors({ operations }: Block, around: Around): readonly Operation[] {
  return new Packer(operations, around).run();
}

class Packer {
  readonly #operations: readonly Operation[];
  readonly #around: Around;
  readonly #positions = new ValueMap<number>();
  #vectors: ReadonlyMap<string, Value>;
  #acting: readonly number[] | null = null;

  constructor(operations: readonly Operation[], around: Around) {
    this.#operations = operations;
    this.#around = around;
    this.#vectors = around.made.get(operations) ?? new Map();
    for (const [i, { results }] of operations.entries()) for (const v of results) this.#positions.set(v, i);
  }

  run(): readonly Operation[] {
    const operations = this.#operations;
    const groups = new Map(groupsIn(operations, this.#around.target).map((group) => [Math.max(...group), group]));
    const done = new Set<number>();
    const made = operations.map((operation, i) => {
      const group = groups.get(i);
      const vectors = group === undefined ? this.#carried(operation, i) : this.#stored(group, i);
      if (vectors !== null) for (const k of group ?? [i]) done.add(k);
      return vectors;
    });
    if (done.size === 0) return operations;
    const after = operations.flatMap((operation, i) => [...(made[i] ?? []), ...(done.has(i) ? [] : [operation])]);
    this.#around.made.set(after, this.#vectors);
    return after;
  }

  /** The operations, and behind them what makes vectors of groups of numbers. */
  vectorsOf(groups: readonly (readonly Value[])[]): { operations: readonly Operation[]; vectors: readonly Value[] } {
    const builder = new BlockBuilder(this.#around.scope);
    const words = new Superwords(this.#site(this.#operations.length), this.#around.lanes, this.#vectors);
    const vectors = withBuilder(builder, () => groups.map((numbers) => words.vector(numbers)));
    return { operations: [...this.#operations, ...builder.operations], vectors };
  }

  /** A loop that carries vectors; null where it cannot. */
  #carried(operation: Operation, position: number): readonly Operation[] | null {
    const loop = operation.regions.length === 0 ? null : countedLoop(operation);
    const lanes = loop === null ? 0 : lanesOfCarried(loop, this.#around.target);
    if (loop === null || lanes === 0) return null;
    return this.#tried(position, operation, (words) => {
      const starts = groupsOf(loop.inits, lanes).map((values) => words.vector(values));
      carryVectors(loop, starts, this.#around.lanes, (lanes, yielded) =>
        new Packer(loop.body.operations, { ...this.#around, lanes }).vectorsOf(yielded),
      );
    });
  }

  /** A store of lanes; null where what is stored has no form on vectors, or cannot be where the last one is. */
  #stored(group: Group, position: number): readonly Operation[] | null {
    const stores = group.map((i) => this.#operations[i]);
    if (!group.every((i) => this.#mayMove(placeOf(this.#operations[i]), true, i, position))) return null;
    const place = placeOf(stores[0]);
    return this.#tried(position, stores[0], (words) => {
      storeLanes(words.vector(stores.map((o) => groupOf(o, "value")[0])), place.memory, place.at, null);
    });
  }

  #tried(position: number, { origin }: Operation, write: (words: Superwords) => void): readonly Operation[] | null {
    const builder = new BlockBuilder(this.#around.scope);
    builder.origin = origin;
    const words = new Superwords(this.#site(position), this.#around.lanes, this.#vectors);
    try {
      withBuilder(builder, () => write(words));
    } catch (error) {
      if (error instanceof NoVector) return null;
      throw error;
    }
    this.#vectors = words.vectors;
    return builder.operations;
  }

  #site(position: number): Site {
    return {
      definition: (v) => {
        const at = this.#positions.get(v);
        return at === undefined ? undefined : this.#operations[at];
      },
      placeOf: (load) => {
        const place = placeOf(load);
        const from = this.#positions.get(load.results[0]) ?? position;
        if (!this.#mayMove(place, false, from, position)) throw new NoVector();
        return place.at;
      },
      splat: (v, type) => this.#splat(v, type),
    };
  }

  #splat(v: Value, type: VectorType): Value {
    const at = this.#positions.get(v);
    const definition = at === undefined ? undefined : this.#operations[at];
    if (definition?.op.traits.constant !== true) return splat(v, type);
    const { op, attributes, origin } = definition;
    return emit(op, [], { attributes, origin, types: [type], names: [v.name] })[0];
  }

  /** Whether an access may be done at a later place in the block. */
  #mayMove(place: Place, isWritten: boolean, from: number, to: number): boolean {
    this.#acting ??= this.#actingOperations();
    let passed = 0;
    for (let k = firstAbove(this.#acting, from); k < this.#acting.length && this.#acting[k] < to; k++) {
      if (++passed > farthest || !this.#mayPass(place, isWritten, this.#operations[this.#acting[k]])) return false;
    }
    return true;
  }

  /** The positions of what is not free to stand anywhere. */
  #actingOperations(): readonly number[] {
    const isFree = (operation: Operation): boolean =>
      operation.regions.length === 0 && calleeOf(operation) === null && isPure(operation.op.effects);
    return this.#operations.flatMap((operation, i) => (isFree(operation) ? [] : [i]));
  }

  #mayPass(place: Place, isWritten: boolean, operation: Operation): boolean {
    const { storages, effects } = this.#around;
    const access = accessOf(operation);
    if (access !== null) {
      if (!access.isWritten && !isWritten) return true;
      return areApart(place, placeOf(operation)) || !storages.mayOverlap(place.memory, access.memory);
    }
    const { reads, writes, fails, observable } = effects.of(operation);
    if (isWritten && (fails || observable)) return false;
    const touched = isWritten ? [...writes, ...reads] : writes;
    return touched.every((memory) => !storages.mayOverlap(place.memory, memory));
  }
}

/** The index of the first number above `x` in ascending ones. */
function firstAbove(ascending: readonly number[], x: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

function placeOf(operation: Operation): Place {
  const access = accessOf(operation);
  if (access === null) throw new Error("internal invariant broken: an access is none");
  return { memory: access.memory, at: access.at.map((d) => boundBy(d, operation, "at")) };
}

/** Whether two accesses are to different elements of the same memory. */
function areApart(a: Place, b: Place): boolean {
  if (a.memory !== b.memory) return false;
  return a.at.some((d, axis) => {
    const difference = subDims(d, b.at[axis]);
    return typeof difference === "number" && difference !== 0;
  });
}

/** Stores whose last subscripts are as many consecutive ones as a vector has lanes, and the others the same. */
function groupsIn(operations: readonly Operation[], { vectorBits }: Target): readonly Group[] {
  const rows = new Map<string, { readonly lanes: number; readonly offset: number; readonly position: number }[]>();
  for (const [position, operation] of operations.entries()) {
    const access = accessOf(operation);
    if (access?.isWritten !== true || access.at.length === 0) continue;
    const lanes = lanesOf(elementDType(access.memory.type), vectorBits);
    if (lanes < 2) continue;
    const { at, memory } = placeOf(operation);
    const last = at[at.length - 1];
    const offset = constantOf(last);
    const key = `${memory.id} ${[...at.slice(0, -1), subDims(last, offset)].map(String).join()}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, [{ lanes, offset, position }]);
    else row.push({ lanes, offset, position });
  }
  return [...rows.values()].flatMap((row) => {
    const [{ lanes }] = row;
    const sorted = row.toSorted((a, b) => a.offset - b.offset);
    const groups: Group[] = [];
    for (let i = 0; i + lanes <= sorted.length; ) {
      const group = sorted.slice(i, i + lanes);
      const isWhole = group.every(({ offset }, lane) => offset === group[0].offset + lane);
      if (isWhole) groups.push(group.map(({ position }) => position));
      i += isWhole ? lanes : 1;
    }
    return groups;
  });
}

function lanesOf(dtype: DType | undefined, vectorBits: number): number {
  return dtype === undefined || dtype === "bool" || dtype === "index" || dtype === "u8"
    ? 0
    : Math.floor(vectorBits / (8 * dtypes[dtype].bytes));
}

function constantOf(d: Dim): number {
  return typeof d === "number" ? d : (termsOf(d).find(({ factors }) => factors.length === 0)?.coefficient ?? 0);
}
