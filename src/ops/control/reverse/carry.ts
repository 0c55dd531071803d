// What a backward loop carries: the cotangents of the carried values, then those of what the body reads from outside. Each
// step adds to what the steps behind it gathered, so nothing is summed up afterwards.

import type { Pullback, ReverseContext, SplitRegion, Value } from "../../../ir/index.ts";
import { zerosLike } from "../../base/zeros.ts";

export type Cotangents = readonly (Value | null)[];
type Pulled = ReturnType<Pullback["pull"]>;

export class Carry {
  readonly #step: SplitRegion;
  /** Which of the carried values have a cotangent. */
  readonly #active: readonly boolean[];
  /** Original values whose cotangents are carried. */
  readonly #of: readonly Value[];
  /** How many of these are carried values. */
  readonly #carried: number;
  readonly inits: readonly Value[];

  /** `given` are the cotangents of the results; `take` gives what is gathered of a captured value so far. */
  constructor(cx: ReverseContext, step: SplitRegion, given: Cotangents, take: (value: Value) => Value | null) {
    const { operands, segments } = cx.operation;
    this.#step = step;
    this.#active = step.argumentFlows.slice(0, segments[0]);
    const carried = operands.filter((_, i) => this.#active[i] === true);
    this.#carried = carried.length;
    this.#of = [...carried, ...step.captured];
    const initial = [...given.filter((_, i) => this.#active[i] === true), ...step.captured.map(take)];
    this.inits = this.#orZeros(initial);
  }

  get names(): readonly string[] {
    return this.#of.map(({ name }) => (name === null ? "ct" : `${name}_ct`));
  }

  /** One step backwards: what is carried next, and the cotangents of the other arguments. */
  step(residuals: readonly Value[], totals: readonly Value[], others: Cotangents, tapes: readonly Value[] = []) {
    const cotangents = [...spread(this.#active, totals), ...others];
    const { captured } = this.#step;
    const seed = (v: Value): Value => totals[this.#carried + captured.indexOf(v)];
    const back = this.#step.backward(residuals, cotangents, seed, tapes);
    const ofCarried = back.arguments.slice(0, this.#active.length).filter((_, i) => this.#active[i]);
    return {
      carry: this.#orZeros([...ofCarried, ...back.captured]),
      rest: back.arguments.slice(this.#active.length),
      tapes: back.tapes,
    };
  }

  pulled(all: readonly Value[]): Pulled {
    return all.map((ct, i) => [this.#of[i], ct] as const);
  }

  #orZeros(cotangents: Cotangents): readonly Value[] {
    return cotangents.map((ct, i) => ct ?? zerosLike(this.#of[i]));
  }
}

/** The values at the places that `flags` name; null at the others. */
function spread<T>(flags: readonly boolean[], values: readonly T[]): readonly (T | null)[] {
  let next = 0;
  return flags.map((flag) => (flag ? values[next++] : null));
}
