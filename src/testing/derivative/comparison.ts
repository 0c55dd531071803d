// The comparison of derivatives of one program at one point: with differences, and of the modes with one another.

import { isFloat, type NdArray } from "../../ir/index.ts";
import type { Fault } from "../compare.ts";
import type { Directions } from "../generate/program.ts";
import { placeIn, showNumber } from "../outcome.ts";
import type { Places } from "./derivatives.ts";
import { shifted, slopesOf } from "./differences.ts";
import { directionLike, nudged, ordinaryPoint, tiedPoint, zerosLike } from "./points.ts";

/** Elements that were compared with differences, and those that could not be. */
export interface Tally {
  compared: number;
  leftOut: number;
}

/** A program and its derivatives; a run gives null where it fails. */
export interface Derived {
  readonly places: Places;
  /** Whether something is computed in f32. */
  readonly isSingle: boolean;
  value(args: readonly NdArray[]): readonly NdArray[] | null;
  readonly derivative: Runner;
  /** Derivatives with noise of the size of rounding in all that they compute, one way or the other. */
  noisy(sign: number): Runner;
  /**
   * Whether a number on the way to the values is infinite or near the ends of the range: by the chain rule 0 · ∞ is NaN where
   * the limit may be another, and the powers of such a number in higher derivatives are beyond the range.
   */
  isExtreme(args: readonly NdArray[]): boolean;
}

/** What differences may be off by relative to the values, to be taken for converged; how much two numbers may differ in any case. */
interface Precision {
  readonly converged: number;
  readonly equal: number;
  /** The same for two modes, which compute the same by other formulas. */
  readonly modes: number;
  readonly nudge: number;
  /** How many times as much as an argument a value may change. */
  readonly mostChange: number;
  readonly firstStep: number;
  /** With which differences still have some digits. */
  readonly leastStep: number;
}

const single: Precision = {
  converged: 2 ** -9,
  equal: 2 ** -11,
  modes: 2 ** -16,
  nudge: 2 ** -16,
  mostChange: 2 ** 5,
  firstStep: 2 ** -3,
  leastStep: 2 ** -12,
};
const double: Precision = {
  converged: 2 ** -24,
  equal: 2 ** -26,
  modes: 2 ** -40,
  nudge: 2 ** -38,
  mostChange: 2 ** 12,
  firstStep: 2 ** -4,
  leastStep: 2 ** -20,
};
/** Values beyond this size are none that differences are exact for. */
const mostSize = 2 ** 40;
/** How far from a point both sides of it are looked at. */
const kinkStep = 2 ** -11;
/** How much more than what is measured two numbers may differ. */
const factor = 10;

type Arrays = readonly NdArray[];
type Runner = (entry: string, args: Arrays) => Arrays | null;
/** What is computed with the derivatives that a runner gives. */
type Computed<T> = (run: Runner, args: Arrays) => T | null;

/** Noise of more seeds, asked only where a formula has no value. */
const manySigns = [2, 3, 4, 5, 6, 7, 8, 9];

export class Comparison {
  readonly #of: Derived;
  readonly #given: Arrays;
  readonly #seed: number;
  readonly #tally: Tally;
  readonly #precision: Precision;
  isTried = false;
  #isTied = false;

  constructor(of: Derived, given: Arrays, seed: number, tally: Tally) {
    this.#of = of;
    this.#given = given;
    this.#seed = seed;
    this.#tally = tally;
    this.#precision = of.isSingle ? single : double;
  }

  /** What is wrong at the very point that is given, along the directions that are given with it. */
  faultHere(given: Directions = {}): Fault | null {
    const args = this.#given;
    if (!areFinite(this.#of.value(args))) return null;
    const asked = this.#directionsAt(args, given);
    if (asked === null) return null;
    if (given.tangents === undefined) return this.#ordinaryFault(args, asked);
    this.#isTied = areTied(this.#floats(args));
    return this.#forwardFault(args, asked) ?? this.#modesFault(args, asked) ?? this.#laterFault(args, asked);
  }

  /** What is wrong at an ordinary point, or at one with ties. */
  fault(): Fault | null {
    const args = ordinaryPoint(this.#given, this.#seed, (a) => this.#isWellInside(a));
    const asked = args === null ? null : this.#directionsAt(args);
    if (args === null || asked === null) return null;
    const wrong = this.#ordinaryFault(args, asked);
    if (wrong !== null) return wrong;
    const { args: tied, direction } = tiedPoint(this.#given, this.#seed);
    const moving = areFinite(this.#of.value(tied)) ? this.#directionsAt(tied) : null;
    if (moving === null) return null;
    this.#isTied = true;
    const together = this.#of.places.arguments.map((i) => direction.get(i) ?? zerosLike([tied[i]])[0]);
    return this.#forwardFault(tied, { ...moving, tangents: together }) ?? this.#eachModesFault(tied, moving);
  }

  /** Whether values are finite at a point and next to it, and do not change out of all proportion, as where a matrix is singular. */
  #isWellInside(args: Arrays): boolean {
    const here = this.#of.value(args);
    if (!areFinite(here) || here === null) return false;
    const { nudge, mostChange } = this.#precision;
    const scale = Math.max(1, ...here.map(largest));
    return [1, 2].every((way) => {
      const there = this.#of.value(nudged(args, nudge, way));
      if (there === null || !areFinite(there)) return false;
      const isNear = (a: NdArray, r: number): boolean =>
        !isFloat(a.dtype) || a.data.every((x, k) => Math.abs(x - there[r].data[k]) <= mostChange * nudge * scale);
      return here.every(isNear);
    });
  }

  #faultAt(args: Arrays, directions: Directions, message: string): Fault {
    return { message: `its derivative ${message}`, call: { entry: "main", args, directions } };
  }

  /** The directions that are given, and others for those that are not, or do not fit. */
  #directionsAt(args: Arrays, given: Directions = {}): Required<Directions> | null {
    const results = this.#results(args);
    if (results === null) return null;
    const floats = this.#floats(args);
    const fitting = (list: Arrays | undefined, like: Arrays, seed: number): Arrays =>
      list !== undefined && areAlike(list, like) ? list : directionLike(like, this.#seed + seed);
    return {
      tangents: fitting(given.tangents, floats, 20),
      cotangents: fitting(given.cotangents, results, 50),
      weights: fitting(given.weights, floats, 70),
    };
  }

  /** The directions in which one argument moves alone, for each that has elements. */
  #alone(args: Arrays, { tangents, ...others }: Required<Directions>): readonly Required<Directions>[] {
    return tangents.flatMap((own, k) => {
      if (args[this.#of.places.arguments[k]].data.length === 0) return [];
      return [{ ...others, tangents: tangents.map((a) => (a === own ? a : zerosLike([a])[0])) }];
    });
  }

  #ordinaryFault(args: Arrays, asked: Required<Directions>): Fault | null {
    for (const alone of this.#alone(args, asked)) {
      const found = this.#forwardFault(args, alone);
      if (found !== null) return found;
    }
    return this.#eachModesFault(args, asked) ?? this.#laterFault(args, asked);
  }

  /** What is wrong in what follows from the derivative in forward mode and the agreement of the modes. */
  #laterFault(args: Arrays, asked: Required<Directions>): Fault | null {
    const zero = this.#zeroFault(args, asked);
    // of what is near the ends of the range on the way higher derivatives are beyond them, most likely
    if (zero !== null || this.#of.isExtreme(args)) return zero;
    const second = this.#secondFault(args, asked);
    // in f32 little is left of a difference of second derivatives
    return second ?? (this.#of.isSingle ? null : this.#thirdFault(args, asked));
  }

  #floats(arrays: Arrays): Arrays {
    return this.#of.places.arguments.map((i) => arrays[i]);
  }

  #results(args: Arrays): Arrays | null {
    const results = this.#of.value(args);
    return results === null ? null : this.#of.places.results.map((i) => results[i]);
  }

  /** `to argument 0`: those that move. */
  #to(tangents: Arrays): string {
    const moving = this.#of.places.arguments.filter((_, k) => tangents[k].data.some((x) => x !== 0));
    return `to ${moving.length === 1 ? "argument" : "arguments"} ${moving.join(", ")}`;
  }

  /** How the arguments move, by their numbers. */
  #moving(tangents: Arrays): ReadonlyMap<number, NdArray> {
    return new Map(this.#of.places.arguments.map((i, k) => [i, tangents[k]] as const));
  }

  /** Forward mode against differences of the values. */
  #forwardFault(args: Arrays, { tangents }: Required<Directions>): Fault | null {
    const of: Computed<Arrays> = (run, x) => run("push", [...x, ...tangents]);
    const wrong = this.#differs(args, this.#moving(tangents), of, (x) => this.#results(x));
    if (wrong === null) return null;
    return this.#faultAt(args, { tangents }, `${this.#to(tangents)} (forward mode): ${wrong}`);
  }

  #eachModesFault(args: Arrays, asked: Required<Directions>): Fault | null {
    for (const alone of this.#alone(args, asked)) {
      const found = this.#modesFault(args, alone);
      if (found !== null) return found;
    }
    return null;
  }

  /** ⟨c, J v⟩ = ⟨Jᵀ c, v⟩. */
  #modesFault(args: Arrays, { tangents, cotangents }: Required<Directions>): Fault | null {
    const both: Computed<readonly [Products, Products]> = (run, x) => {
      const [pushed, pulled] = [run("push", [...x, ...tangents]), run("pull", [...x, ...cotangents])];
      return pushed === null || pulled === null ? null : [products(cotangents, pushed), products(pulled, tangents)];
    };
    const wrong = this.#disagree(args, both);
    if (wrong === null) return null;
    const message = `${this.#to(tangents)} (reverse mode): ${wrong[1]}, forward mode says ${wrong[0]}`;
    return this.#faultAt(args, { tangents, cotangents }, message);
  }

  /** Cotangents of zero give zeros, where others give finite numbers. */
  #zeroFault(args: Arrays, { cotangents }: Required<Directions>): Fault | null {
    const zeros = zerosLike(cotangents);
    const some = this.#of.derivative("pull", [...args, ...cotangents]);
    const none = this.#of.derivative("pull", [...args, ...zeros]);
    if (!areFinite(some) || none === null) return null;
    for (const [k, gradient] of none.entries()) {
      const at = gradient.data.findIndex((x) => x !== 0);
      if (at < 0) continue;
      const i = this.#of.places.arguments[k];
      const message = `to argument ${i} (reverse mode): ${showNumber(gradient.data[at])}${placeIn(at, gradient)}, cotangents of zero give 0`;
      return this.#faultAt(args, {}, message);
    }
    return null;
  }

  /** Second derivatives along a direction: each pair of modes, and differences of reverse mode. */
  #secondFault(args: Arrays, { tangents: v, cotangents: c, weights: w }: Required<Directions>): Fault | null {
    const forward: Computed<Arrays> = (run, x) => run("push_pull", [...x, ...c, ...v]);
    const gradient = (x: Arrays) => this.#of.derivative("pull", [...x, ...c]);
    const wrong = this.#differs(args, this.#moving(v), forward, gradient);
    if (wrong !== null)
      return this.#faultAt(args, { tangents: v, cotangents: c }, `of second order (forward over reverse): ${wrong}`);
    const others = [
      ["reverse over forward", (run: Runner, x: Arrays) => run("pull_push", [...x, ...v, ...c]), w],
      ["reverse over reverse", (run: Runner, x: Arrays) => run("pull_pull", [...x, ...c, ...v]), w],
      ["forward over forward", (run: Runner, x: Arrays) => run("push_push", [...x, ...v]), null],
    ] as const;
    for (const [how, of, weights] of others) {
      const both: Computed<readonly [Products, Products]> = (run, x) => {
        const [a, b] = [forward(run, x), of(run, x)];
        if (a === null || b === null) return null;
        return weights === null ? [products(a, v), products(c, b)] : [products(a, weights), products(b, weights)];
      };
      const apart = this.#disagree(args, both);
      if (apart === null) continue;
      const directions = { tangents: v, cotangents: c, ...(weights === null ? {} : { weights }) };
      return this.#faultAt(
        args,
        directions,
        `of second order (${how}): ${apart[1]}, forward over reverse says ${apart[0]}`,
      );
    }
    return null;
  }

  #thirdFault(args: Arrays, { tangents: v, cotangents: c }: Required<Directions>): Fault | null {
    const third: Computed<Arrays> = (run, x) => run("third", [...x, ...v, ...c]);
    const second = (x: Arrays) => this.#of.derivative("pull_push", [...x, ...v, ...c]);
    const wrong = this.#differs(args, this.#moving(v), third, second);
    return wrong === null ? null : this.#faultAt(args, { tangents: v, cotangents: c }, `of third order: ${wrong}`);
  }

  /** The first element for which a derivative is not what differences say; twice, so that no kink nearby is taken for a fault. */
  #differs(
    args: Arrays,
    direction: ReadonlyMap<number, NdArray>,
    of: Computed<Arrays>,
    values: (args: Arrays) => Arrays | null,
  ): string | null {
    const [derivative, here] = [of(this.#of.derivative, args), values(args)];
    if (derivative === null || here === null) return null;
    const scale = Math.max(1, ...here.map(largest));
    const { firstStep } = this.#precision;
    const wrong = this.#farFrom(derivative, slopesOf(values, args, direction, firstStep), scale);
    if (wrong === null) return null;
    const again = this.#farFrom(derivative, slopesOf(values, args, direction, firstStep / 8), scale, wrong);
    if (again === null) return null;
    const nearby = (step: number): Nearby => ({ direction, far: wrong, step });
    if (isKink(values, args, nearby(kinkStep)) || isStaircase(values, args, nearby(this.#precision.leastStep)))
      return null;
    if (this.#isUndetermined(args, of, wrong)) return null;
    const part = derivative.length > 1 ? `part ${wrong.result} is ` : "";
    const place = placeIn(wrong.element, derivative[wrong.result]);
    return `${part}${showNumber(wrong.got)}, differences say ${showNumber(wrong.expected)}${place}`;
  }

  #farFrom(derivative: Arrays, slopes: ReturnType<typeof slopesOf>, scale: number, only?: Far): Far | null {
    if (slopes === null) return null;
    const { converged, equal } = this.#precision;
    for (const [result, { data, dtype }] of derivative.entries()) {
      if (!isFloat(dtype)) continue;
      for (let element = 0; element < data.length; element++) {
        if (only !== undefined && (only.result !== result || only.element !== element)) continue;
        const [expected, error] = [slopes.values[result][element], slopes.errors[result][element]];
        const size = Math.max(scale, Math.abs(expected));
        if (!(error <= converged * size) || size > mostSize) {
          if (only === undefined) this.#tally.leftOut++;
          continue;
        }
        this.isTried = true;
        if (only === undefined) this.#tally.compared++;
        const got = data[element];
        if (!(Math.abs(got - expected) <= factor * error + equal * size)) return { result, element, got, expected };
      }
    }
    return null;
  }

  /** What a computation gives with noise, and at points next to this one; equal elements stay so where they have to. */
  #near<T>(args: Arrays, of: Computed<T>): readonly T[] {
    const { nudge } = this.#precision;
    const points = (this.#isTied ? [0] : [0, 1, 2]).flatMap((way) => [
      nudged(args, nudge, way),
      nudged(args, -nudge, way),
    ]);
    const noise = [1, -1].map((sign) => of(this.#of.noisy(sign), args));
    return [...noise, ...points.map((point) => of(this.#of.derivative, point))].filter((x) => x !== null);
  }

  /** Whether the derivative changes as much where the point does next to nothing. */
  #isUndetermined(args: Arrays, of: Computed<Arrays>, { result, element, got, expected }: Far): boolean {
    // where elements are equal a program may be singular, though not along the direction in which they stay so
    if (!Number.isFinite(got) && (this.#isTied || this.#of.isExtreme(args))) return true;
    const numbers = this.#near(args, of).map((arrays) => arrays[result].data[element]);
    if (Number.isFinite(got)) return numbers.some((near) => Math.abs(near - got) * factor >= Math.abs(got - expected));
    // a formula may have no value at a single point, such as for a singular matrix, or at an end of a domain: noise of some
    // seeds leads to where it has one
    const isNumber = (arrays: Arrays | null): boolean => Number.isFinite(arrays?.[result].data[element]);
    return numbers.some(Number.isFinite) || manySigns.some((sign) => isNumber(of(this.#of.noisy(sign), args)));
  }

  /** The two sums, where they differ by more than rounding. */
  #disagree(args: Arrays, both: Computed<readonly [Products, Products]>) {
    const here = both(this.#of.derivative, args);
    if (here === null) return null;
    const [a, b] = here;
    if (!Number.isFinite(a.size) || !Number.isFinite(b.size)) return null;
    const apart = Math.abs(a.sum - b.sum);
    if (apart <= this.#precision.modes * Math.max(1, a.size, b.size)) return null;
    const changes = this.#near(args, both).map((near) => {
      return Math.max(Math.abs(near[0].sum - a.sum), Math.abs(near[1].sum - b.sum));
    });
    // where noise leaves no number at all, nothing is determined
    const isApart = apart > factor * Math.max(...changes);
    return isApart ? ([showNumber(a.sum), showNumber(b.sum)] as const) : null;
  }
}

/** The value of an element before the point, at it and behind it; null where a run fails. */
function around(values: (args: Arrays) => Arrays | null, args: Arrays, { direction, far, step }: Nearby) {
  const [before, here, after] = [-step, 0, step].map(
    (by) => values(shifted(args, direction, by))?.[far.result].data[far.element],
  );
  return before === undefined || here === undefined || after === undefined ? null : { before, here, after };
}

interface Nearby {
  readonly direction: ReadonlyMap<number, NdArray>;
  readonly far: Far;
  readonly step: number;
}

/** Whether an element has another slope on one side than on the other. */
function isKink(values: (args: Arrays) => Arrays | null, args: Arrays, nearby: Nearby): boolean {
  const found = around(values, args, nearby);
  if (found === null) return true;
  const { step } = nearby;
  const [left, right] = [(found.here - found.before) / step, (found.after - found.here) / step];
  return !(Math.abs(right - left) <= 2 ** -5 * Math.max(1, Math.abs(left), Math.abs(right)));
}

/** Whether the slope close by is the one that was given: a staircase has a slope from afar, and none on each of its steps. */
function isStaircase(values: (args: Arrays) => Arrays | null, args: Arrays, nearby: Nearby): boolean {
  const found = around(values, args, nearby);
  if (found === null) return true;
  const { got, expected } = nearby.far;
  const slope = (found.after - found.before) / (2 * nearby.step);
  return Math.abs(slope - got) < Math.abs(slope - expected);
}

interface Far {
  readonly result: number;
  readonly element: number;
  readonly got: number;
  readonly expected: number;
}

/** The sum of products, and of their magnitudes. */
interface Products {
  readonly sum: number;
  readonly size: number;
}

function products(left: Arrays, right: Arrays): Products {
  let [sum, size] = [0, 0];
  for (const [i, a] of left.entries()) {
    for (let k = 0; k < a.data.length; k++) {
      const product = a.data[k] * right[i].data[k];
      sum += product;
      size += Math.abs(product);
    }
  }
  return { sum, size };
}

/** Whether arrays have the dtypes and shapes of others. */
function areAlike(arrays: Arrays, like: Arrays): boolean {
  const isAlike = (a: NdArray, b: NdArray): boolean => a.dtype === b.dtype && a.shape.join() === b.shape.join();
  return arrays.length === like.length && arrays.every((a, i) => isAlike(a, like[i]));
}

/** Whether some elements are equal. */
function areTied(arrays: Arrays): boolean {
  const all = arrays.flatMap(({ data }) => [...data]);
  return new Set(all).size < all.length;
}

function areFinite(arrays: Arrays | null): boolean {
  return arrays?.every((a) => a.data.every((x) => Number.isFinite(x))) ?? false;
}

function largest({ data }: NdArray): number {
  let most = 0;
  for (const x of data) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}
