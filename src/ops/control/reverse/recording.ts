// What a region records for its way back: on lists, one for each type, behind what loops in it recorded.

import {
  list,
  type OpenTapes,
  printType,
  type Recorded,
  sameType,
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

export class Recording {
  /** First the lists that loops in the region go on with. */
  readonly lists: readonly RecordedList[];
  readonly #inner: number;

  /** Records `residuals`; `recorded` are the lists that the region goes on with, `open` gives others. */
  constructor(residuals: readonly Value[], recorded: readonly Recorded[], open: (element: Type) => Value) {
    const lists: RecordedList[] = recorded.map((r) => ({ ...r, values: [] }));
    for (const v of residuals) {
      let tape = lists.find(({ element }) => sameType(element, v.type));
      if (tape === undefined) {
        const before = open(v.type);
        lists.push((tape = { element: v.type, before, after: before, values: [] }));
      }
      tape.values.push(v);
    }
    this.lists = lists;
    this.#inner = recorded.length;
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
export function tapeArgument(element: Type): Value {
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
  readonly lists: { readonly element: Type; readonly before: Value }[] = [];
  readonly #around: Tapes;

  constructor(around: Tapes) {
    this.#around = around;
  }

  get isRepeated(): boolean {
    return this.#around.isRepeated;
  }

  open(element: Type): Value {
    let tape = this.lists.find((t) => sameType(t.element, element));
    if (tape === undefined) this.lists.push((tape = { element, before: this.#around.get(element) }));
    return tape.before;
  }

  /** The shared lists after one branch: `own` are those of its recording, the others are `before`. */
  from({ lists }: Recording, own: readonly Value[], shared?: readonly Value[]): readonly Value[] {
    const before = shared ?? this.lists.map((t) => t.before);
    return this.lists.map(({ element }, i) => own[lists.findIndex((l) => sameType(l.element, element))] ?? before[i]);
  }

  /** Of the shared lists, those of a branch's recording. */
  of({ lists }: Recording, all: readonly Value[]): readonly Value[] {
    return lists.map((l) => all[this.lists.findIndex(({ element }) => sameType(l.element, element))]);
  }
}
