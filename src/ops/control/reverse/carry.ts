// The carried values of a backward loop: the cotangents of the active carried values of the forward loop, then those of
// the values that its body captures. The captured ones accumulate: each iteration adds to the sum of the ones before,
// so no stack of contributions has to be summed behind the loop.

import type { Pullback, ReverseContext, SplitRegion, Value } from "../../../ir/index.ts";
import { zerosLike } from "../../base/zeros.ts";

export type Cotangents = readonly (Value | null)[];
type Pulled = ReturnType<Pullback["pull"]>;

export class Carry {
  readonly #step: SplitRegion;
  /** For each carried value of the forward loop, whether it is active and so has a cotangent. */
  readonly #active: readonly boolean[];
  /** The original values whose cotangents are carried: the active carried ones, then the captured ones. */
  readonly #of: readonly Value[];
  /** How many of these are carried values rather than captured ones. */
  readonly #carried: number;
  readonly inits: readonly Value[];

  /** `given` are the cotangents of the loop's results; `take` hands over what was gathered for a captured value. */
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

  /**
   * Emits one backward iteration. `totals` are the carried cotangents, `others` those of the body's other results;
   * `carry` is carried to the next iteration, and `rest` are the cotangents of the body's other arguments.
   */
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

/** Distributes the values to the positions whose flag is set; null at the others. */
function spread<T>(flags: readonly boolean[], values: readonly T[]): readonly (T | null)[] {
  let next = 0;
  return flags.map((flag) => (flag ? values[next++] : null));
}
