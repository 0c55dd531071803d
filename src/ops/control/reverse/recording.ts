// The recording of a region: residuals for its backward part, on one list for each type, behind those of loops inside it.

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
  /** The residuals that the region pushes itself. */
  readonly values: Value[];
}

export function sameTape(a: TapeKey, b: TapeKey): boolean {
  return a.isScratch === b.isScratch && sameType(a.element, b.element);
}

export class Recording {
  /** The lists, first those that loops in the region also push to. */
  readonly lists: readonly RecordedList[];
  readonly #inner: number;

  /** Records `residuals` on the lists `recorded`, which loops inside push to, and on others that `open` gives. */
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

  /** Whether the region, or a loop in it, pushes to a list that is kept. */
  get records(): boolean {
    return this.lists.some(({ isScratch }) => !isScratch);
  }

  /** The lists at the end of the region. */
  pushed(): readonly Value[] {
    return this.lists.map(({ after, values }) => (values.length === 0 ? after : push(after, ...values)));
  }

  /**
   * The backward part: `back` is given the popped value of each residual and the lists of the loops inside, and returns
   * these as they were before. The result has all lists as they were before, and the other results of `back`.
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

/** A list as an argument of a loop's region. */
export function tapeArgument({ element }: TapeKey): Value {
  return new Value(list(element), "tape");
}

/**
 * The residuals that an `if` yields for its backward part. Residuals of the two branches share slots of equal type, so
 * nested branches yield as many as the path with the most residuals.
 */
export class ResidualSlots {
  readonly #types: Type[] = [];
  readonly #ofType = new Map<string, number[]>();

  get count(): number {
    return this.#types.length;
  }

  /** A slot for each value of a branch. */
  for(values: readonly Value[]): readonly number[] {
    const used = new Map<string, number>();
    return values.map(({ type }) => {
      const key = printType(type);
      const slots = this.#ofType.get(key) ?? [];
      this.#ofType.set(key, slots);
      const next = used.get(key) ?? 0;
      used.set(key, next + 1);
      if (next === slots.length) slots.push(this.#types.push(type) - 1);
      return slots[next];
    });
  }

  /** The slots with a branch's values, and zeros in the others. */
  filled(values: readonly Value[], slots: readonly number[]): readonly Value[] {
    const own = new Map(slots.map((slot, i) => [slot, values[i]]));
    return this.#types.map((type, slot) => own.get(slot) ?? zeros(type));
  }
}

/** The tapes that either branch pushes to, as they are before the `if`. */
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
