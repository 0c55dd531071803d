// What a region records for its backward part: its residuals, pushed on one tape (a list) for each type. Loops inside
// of the region push on the same tapes, and their residuals lie below those of the region itself.

import {
  emit,
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
import { requireOwn } from "../../base/own.ts";
import { zeros } from "../../base/zeros.ts";

interface RecordedList extends Recorded {
  /** The residuals that the region itself pushes, in order. */
  readonly values: Value[];
}

export function sameTape(a: TapeKey, b: TapeKey): boolean {
  return a.isScratch === b.isScratch && sameType(a.element, b.element);
}

/** By name, as for `pop` below: a branch records where a loop is around it, and the reverse of loops has brought both. */
function pushed(tape: Value, values: readonly Value[]): Value {
  return emit(requireOwn("push"), [tape, ...values])[0];
}

export class Recording {
  /** The tapes: first the `#inner` ones on which loops in the region push too. */
  readonly lists: readonly RecordedList[];
  readonly #inner: number;

  /** Records `residuals` on the tapes `recorded`, which loops inside push on too, and on others that `open` gives. */
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

  /** Whether the region, or a loop in it, records something for good: scratch tapes are only handed through. */
  get records(): boolean {
    return this.lists.some(({ isScratch }) => !isScratch);
  }

  /** Pushes the residuals, and gives the tapes at the end of the region. */
  pushed(): readonly Value[] {
    return this.lists.map(({ after, values }) => (values.length === 0 ? after : pushed(after, values)));
  }

  /**
   * Emits the backward part: pops the residuals from `tapes`, the tapes behind the region, and gives `back` the value
   * of each residual and the tapes of the loops inside. `back` returns these tapes as they were in front of the loops;
   * the result holds all tapes as they were in front of the region, beside what else `back` returned.
   */
  popped<T extends { readonly tapes: readonly Value[] }>(
    tapes: readonly Value[],
    back: (kept: ReadonlyMap<Value, Value>, inner: readonly Value[]) => T,
  ): T {
    const kept = new Map<Value, Value>();
    const rests = this.lists.map(({ values }, i) => {
      if (values.length === 0) return tapes[i];
      const [rest, ...tops] = emit(requireOwn("pop"), [tapes[i]], { attributes: { count: values.length } });
      for (const [k, v] of values.entries()) kept.set(v, tops[k]);
      return rest;
    });
    const result = back(kept, rests.slice(0, this.#inner));
    return { ...result, tapes: [...result.tapes, ...rests.slice(this.#inner)] };
  }
}

/** An argument of a loop's region that carries a tape. */
export function tapeArgument({ element }: TapeKey): Value {
  return new Value(list(element), "tape");
}

/**
 * The results that an `if` yields for its backward part. Only one branch runs, so residuals of both branches share
 * slots of equal type: of each type there are as many slots as the branch with more residuals of that type needs.
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

  /** What a branch yields for all slots: its residuals, and zeros in the slots that only the other branch fills. */
  filled(values: readonly Value[], slots: readonly number[]): readonly Value[] {
    const own = new Map(slots.map((slot, i) => [slot, values[i]]));
    return this.#types.map((type, slot) => own.get(slot) ?? zeros(type));
  }
}

/** The tapes that either branch of an `if` pushes on, as they are in front of it: each branch yields all of them. */
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

  /**
   * All shared tapes at the end of one branch: those of its own recording are `own`, the others pass through unchanged
   * from `shared`, or from in front of the `if`.
   */
  from({ lists }: Recording, own: readonly Value[], shared?: readonly Value[]): readonly Value[] {
    const before = shared ?? this.lists.map((t) => t.before);
    return this.lists.map((key, i) => own[lists.findIndex((l) => sameTape(l, key))] ?? before[i]);
  }

  /** Picks from all shared tapes those of one branch's recording. */
  of({ lists }: Recording, all: readonly Value[]): readonly Value[] {
    return lists.map((l) => all[this.lists.findIndex((key) => sameTape(l, key))]);
  }
}
