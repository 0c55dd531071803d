// What a region records for its way back: on lists, one for each type, behind what loops in it recorded.

import {
  list,
  type OpenTapes,
  printType,
  type Recorded,
  sameType,
  type TapeKey,
  type Tapes,
  type Type,
  Value,
} from "../../../ir/index.ts";
import { zeros } from "../../base/zeros.ts";
import { pop, push } from "./tape.ts";

interface RecordedList extends Recorded {
  /** What the region pushes itself. */
  readonly values: Value[];
}

export function sameTape(a: TapeKey, b: TapeKey): boolean {
  return a.isScratch === b.isScratch && sameType(a.element, b.element);
}

export class Recording {
  /** First the lists that loops in the region go on with. */
  readonly lists: readonly RecordedList[];
  readonly #inner: number;

  /** Records `residuals`; `recorded` are the lists that the region goes on with, `open` gives others. */
  constructor(
    residuals: readonly Value[],
    recorded: readonly Recorded[],
    open: (key: TapeKey) => Value,
    isScratch = false,
  ) {
    const lists: RecordedList[] = recorded.map((r) => ({ ...r, values: [] }));
    for (const v of residuals) {
      const key = { element: v.type, isScratch };
      let tape = lists.find((l) => sameTape(l, key));
      if (tape === undefined) {
        const before = open(key);
        lists.push((tape = { ...key, before, after: before, values: [] }));
      }
      tape.values.push(v);
    }
    this.lists = lists;
    this.#inner = recorded.length;
  }

  /** Whether the region puts something on its lists, or a loop in it does. */
  get records(): boolean {
    return this.lists.some(({ isScratch }) => !isScratch);
  }

  /** The lists as the region leaves them. */
  pushed(): readonly Value[] {
    return this.lists.map(({ after, values }) => (values.length === 0 ? after : push(after, ...values)));
  }

  /**
   * The way back: `back` gets what was pushed for each residual and the lists of the loops within, and gives these as they
   * were before; the result is all lists as they were before, and what else `back` gives.
   */
  popped<T extends { readonly tapes: readonly Value[] }>(
    tapes: readonly Value[],
    back: (kept: ReadonlyMap<Value, Value>, inner: readonly Value[]) => T,
  ): T {
    const kept = new Map<Value, Value>();
    const rests = this.lists.map(({ values }, i) => {
      if (values.length === 0) return tapes[i];
      const [rest, ...tops] = pop(tapes[i], values.length);
      for (const [k, v] of values.entries()) kept.set(v, tops[k]);
      return rest;
    });
    const result = back(kept, rests.slice(0, this.#inner));
    return { ...result, tapes: [...result.tapes, ...rests.slice(this.#inner)] };
  }
}

/** A list of its own, an argument of a loop's region. */
export function tapeArgument({ element }: TapeKey): Value {
  return new Value(list(element), "tape");
}

/**
 * What either branch of an `if` yields for its way back: a value of one shares its place with a value of the other, of the
 * same type, so that branches within branches yield as much as the longest way through them keeps.
 */
export class Places {
  readonly #types: Type[] = [];
  readonly #ofType = new Map<string, number[]>();

  get count(): number {
    return this.#types.length;
  }

  /** A place for each value of a branch. */
  for(values: readonly Value[]): readonly number[] {
    const taken = new Map<string, number>();
    return values.map(({ type }) => {
      const key = printType(type);
      const places = this.#ofType.get(key) ?? [];
      this.#ofType.set(key, places);
      const next = taken.get(key) ?? 0;
      taken.set(key, next + 1);
      if (next === places.length) places.push(this.#types.push(type) - 1);
      return places[next];
    });
  }

  /** All places with a branch's values in its own; zeros stand in the others. */
  filled(values: readonly Value[], places: readonly number[]): readonly Value[] {
    const own = new Map(places.map((place, i) => [place, values[i]]));
    return this.#types.map((type, place) => own.get(place) ?? zeros(type));
  }
}

/** The tapes that either branch goes on with: as the `if` gets them. */
export class SharedTapes implements OpenTapes {
  readonly lists: (TapeKey & { readonly before: Value })[] = [];
  readonly #around: Tapes;

  constructor(around: Tapes) {
    this.#around = around;
  }

  get isRepeated(): boolean {
    return this.#around.isRepeated;
  }

  open(key: TapeKey): Value {
    let tape = this.lists.find((t) => sameTape(t, key));
    if (tape === undefined) {
      const { element, isScratch } = key;
      this.lists.push((tape = { element, isScratch, before: this.#around.get(key) }));
    }
    return tape.before;
  }

  /** The shared lists after one branch: `own` are those of its recording, the others are `before`. */
  from({ lists }: Recording, own: readonly Value[], shared?: readonly Value[]): readonly Value[] {
    const before = shared ?? this.lists.map((t) => t.before);
    return this.lists.map((key, i) => own[lists.findIndex((l) => sameTape(l, key))] ?? before[i]);
  }

  /** Of the shared lists, those of a branch's recording. */
  of({ lists }: Recording, all: readonly Value[]): readonly Value[] {
    return lists.map((l) => all[this.lists.findIndex((key) => sameTape(l, key))]);
  }
}
