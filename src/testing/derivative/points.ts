// Where derivatives are compared: ordinary points in the domain of a program, points with ties, and directions.

import { isFloat, type NdArray } from "../../ir/index.ts";
import { Random } from "../generate/random.ts";
import { withSmallIntegers } from "../values.ts";

type Move = (x: number) => number;

/** Floats are multiples of 2⁻⁸ below 4, so that they and their sums with a step are exact in f32 too. */
const grid = 2 ** 8;

const onGrid = (x: number): number => Math.round(x * grid) / grid;

/** Into the domains of usual functions: anywhere, positive numbers, (-1, 1), above 1. */
const domains: readonly Move[] = [(x) => x, (x) => Math.abs(x), (x) => x / 4, (x) => 1.25 + Math.abs(x)];

/** The most choices of a domain for each argument. */
const tries = 10;

/** Numbers of the size of 1, away from 0. */
function float(random: Random): number {
  const x = 0.25 + 2.5 * random.fraction();
  return onGrid(random.oneIn(2) ? x : -x);
}

function filled(like: NdArray, element: () => number): NdArray {
  return { ...like, data: like.data.map(element) };
}

/**
 * Arguments like the ones given, of ordinary floats, for which `isInside` holds: in a domain that is found by trying, and with
 * integers that may have to be small, as subscripts do. Null where none was found.
 */
export function ordinaryPoint(
  given: readonly NdArray[],
  seed: number,
  isInside: (args: readonly NdArray[]) => boolean,
): readonly NdArray[] | null {
  const random = new Random(seed);
  for (let i = 0; i < tries; i++) {
    const args = given.map((a) => {
      if (!isFloat(a.dtype)) return i % 2 === 0 ? a : withSmallIntegers(a);
      const domain = i === 0 ? domains[0] : random.pick(domains);
      return filled(a, () => onGrid(domain(float(random))));
    });
    if (isInside(args)) return args;
  }
  return null;
}

/** Values that many elements share, and how these move, all that are equal alike. */
const shared: readonly (readonly [value: number, moves: number])[] = [
  [0.75, 0.5],
  [-1.25, -0.75],
  [1.5, 1],
];

/** Arguments with many equal elements, and the direction in which equal ones stay so. */
export function tiedPoint(given: readonly NdArray[], seed: number) {
  const random = new Random(seed);
  const direction = new Map<number, NdArray>();
  const args = given.map((a, i) => {
    if (!isFloat(a.dtype)) return withSmallIntegers(a);
    const drawn = Array.from(a.data, () => random.pick(shared));
    const of = (part: 0 | 1): NdArray => ({ ...a, data: a.data.map((_, k) => drawn[k][part]) });
    direction.set(i, of(1));
    return of(0);
  });
  return { args, direction };
}

/** A direction or cotangents like these arrays: multiples of 1/16. */
export function directionLike(arrays: readonly NdArray[], seed: number): readonly NdArray[] {
  const random = new Random(seed);
  return arrays.map((a) => filled(a, () => Math.round(16 * float(random)) / 16));
}

export function zerosLike(arrays: readonly NdArray[]): readonly NdArray[] {
  return arrays.map((a) => filled(a, () => 0));
}

/** Floats a little larger, all alike or, in other ways, some smaller: how a result reacts shows how well it is determined. */
export function nudged(args: readonly NdArray[], by: number, way: number): readonly NdArray[] {
  const factor = (i: number): number => 1 + (way === 0 || (i * way) % 3 === 1 ? by : -0.7 * by);
  return args.map((a) => (isFloat(a.dtype) ? { ...a, data: a.data.map((x, i) => x * factor(i)) } : a));
}
