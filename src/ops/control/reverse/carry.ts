// What a backward loop carries: the cotangents of the carried values, then those of what the body reads from outside, then
// the masks that some of them have. Each step adds to what the steps behind it gathered, so nothing is summed up afterwards.

import {
  type Cotangent,
  type Given,
  type Pullback,
  type ReverseContext,
  type SplitRegion,
  shapeOf,
  type Value,
  type Varies,
} from "../../../ir/index.ts";
import { maskOf, plainOf, remasked, takenIn } from "../../base/cotangent.ts";
import { zerosLike } from "../../base/zeros.ts";

export type Cotangents = readonly (Cotangent | null)[];
type Pulled = ReturnType<Pullback["pull"]>;

export class Carry {
  readonly #x: ReverseContext;
  readonly #step: SplitRegion;
  /** Which of the carried values have a cotangent. */
  readonly #active: readonly boolean[];
  /** Original values whose cotangents are carried. */
  readonly #of: readonly Value[];
  readonly #initial: Cotangents;
  readonly #masks: readonly Varies[];
  /** How many of what is carried belong to carried values. */
  readonly #carried: number;
  readonly inits: readonly Value[];

  /** `given` are the cotangents of the results; `others` the masks of those of what each step gives besides. */
  constructor(
    cx: ReverseContext,
    step: SplitRegion,
    given: Cotangents,
    take: (value: Value) => Cotangent | null,
    others: readonly Given[] = [],
  ) {
    const { operands, segments } = cx.operation;
    this.#x = cx;
    this.#step = step;
    this.#active = step.argumentFlows.slice(0, segments[0]);
    const carried = operands.filter((_, i) => this.#active[i] === true);
    this.#carried = carried.length;
    this.#of = [...carried, ...step.captured];
    this.#initial = [...given.filter((_, i) => this.#active[i] === true), ...step.captured.map(take)];
    this.#masks = this.#settled(others);
    const values = this.#initial.map((ct, i) => (ct === null ? zerosLike(this.#of[i]) : plainOf(ct)));
    this.inits = [...values, ...this.#masksOf(this.#initial)];
  }

  get names(): readonly string[] {
    const ofValue = this.#of.map(({ name }) => (name === null ? "ct" : `${name}_ct`));
    return [...ofValue, ...this.#masks.filter((m) => m !== null).map(() => "taken")];
  }

  /** One step backwards: what is carried next, and the cotangents of the other arguments. */
  step(residuals: readonly Value[], carried: readonly Value[], others: Cotangents, tapes: readonly Value[] = []) {
    const totals = this.#masked(carried);
    const cotangents = [...spread(this.#active, totals), ...others];
    const { captured } = this.#step;
    const seed = (v: Value): Cotangent => totals[this.#carried + captured.indexOf(v)];
    const back = this.#step.backward(residuals, cotangents, seed, tapes);
    const next = this.#partsOf(back);
    return {
      carry: [...next.map((ct, i) => (ct === null ? zerosLike(this.#of[i]) : plainOf(ct))), ...this.#masksOf(next)],
      rest: back.arguments.slice(this.#active.length),
      tapes: back.tapes,
    };
  }

  pulled(all: readonly Value[]): Pulled {
    return this.#masked(all).map((ct, i) => [this.#of[i], ct] as const);
  }

  /** What each step gives for its other arguments. */
  givesOfRest(others: readonly Given[]): readonly Given[] {
    return this.#after(this.#masks, others).arguments.slice(this.#active.length);
  }

  /**
   * Which cotangents have a mask: those that begin with one, and those to which a step gives one, iterated to a fixpoint. A
   * captured value without a cotangent begins with no element taken, and loses that mask if a step gives all of it.
   */
  #settled(others: readonly Given[]): readonly Varies[] {
    const initial = this.#initial.map((ct): Varies => {
      const mask = ct === null ? null : maskOf(ct);
      return mask === null ? null : this.#x.flowMask(mask).varies;
    });
    const starts = this.#startUntaken(initial, others);
    let masks = initial.map((mask, i): Varies => (starts[i] ? nowhere(this.#of[i]) : mask));
    const untaken = new Set(masks.flatMap((mask, i) => (mask !== null && this.#initial[i] === null ? [i] : [])));
    for (;;) {
      const after = this.#partsOf(this.#after(masks, others));
      const next = masks.map((mask, i) => {
        if (after[i] === null && untaken.delete(i)) return null;
        const isMasked = mask !== null || (after[i] !== null && after[i] !== "absent");
        return isMasked && this.#keeps(i) ? either(mask, after[i]) : null;
      });
      if (next.every((mask, i) => String(mask) === String(masks[i]))) return masks;
      masks = next;
    }
  }

  /**
   * Of what nothing is gathered of at the start: captured values to which a step that starts from nothing gives a mask. What
   * is carried begins without one: it is updated in place, and a mask of it would be combined as a whole at each step.
   */
  #startUntaken(initial: readonly Varies[], others: readonly Given[]): readonly boolean[] {
    const may = this.#of.map(
      (v, i) => i >= this.#carried && this.#initial[i] === null && v.type.kind === "tensor" && this.#keeps(i),
    );
    if (!may.includes(true)) return may;
    const given = initial.map((mask, i): Given => (may[i] ? "absent" : mask));
    const after = this.#partsOf(this.#after(given, others));
    return may.map((is, i) => is && after[i] !== null && after[i] !== "absent");
  }

  #keeps(i: number): boolean {
    const of = this.#of[i];
    return i < this.#carried || this.#x.keepsMask(of);
  }

  #after(masks: readonly Given[], others: readonly Given[]) {
    const ofCarried = spread(this.#active, masks.slice(0, this.#carried));
    return this.#step.gives([...ofCarried, ...others], masks.slice(this.#carried));
  }

  #partsOf<T>(back: { readonly arguments: readonly T[]; readonly captured: readonly T[] }): readonly T[] {
    const ofCarried = back.arguments.slice(0, this.#active.length).filter((_, i) => this.#active[i]);
    return [...ofCarried, ...back.captured];
  }

  /** The masks of those that have one in the loop, whether they have one here or not. */
  #masksOf(cotangents: Cotangents): readonly Value[] {
    return cotangents.flatMap((ct, i) => (this.#masks[i] === null ? [] : [takenIn(ct, this.#of[i])]));
  }

  #masked(all: readonly Value[]): readonly Cotangent[] {
    let next = this.#of.length;
    return this.#masks.map((varies, i) => {
      if (varies === null) return all[i];
      const mask = all[next++];
      this.#x.noteMask(mask, varies);
      return remasked(mask, all[i]);
    });
  }
}

/** How a mask varies that holds of nothing. */
function nowhere(of: Value): readonly boolean[] {
  return shapeOf(of).map(() => false);
}

/** Along which axes a mask may differ that is one of two. */
export function either(a: Given, b: Given): readonly boolean[] {
  const [first, second] = [a, b].map((given) => (given === "absent" ? null : given));
  if (first === null || second === null) return first ?? second ?? [];
  return first.map((v, axis) => v || second[axis]);
}

/** The values at the places that `flags` name; null at the others. */
function spread<T>(flags: readonly boolean[], values: readonly T[]): readonly (T | null)[] {
  let next = 0;
  return flags.map((flag) => (flag ? values[next++] : null));
}
