// What a run of a function shows: its results or the error it ends with, and what its probes saw on the way.

import { AdjointError, type NdArray } from "../ir/index.ts";
import { sameArrays, showArray } from "./values.ts";

/** What a probe was shown. */
export interface Seen {
  readonly name: string;
  readonly value: NdArray;
}

export interface Outcome {
  /** The results, or the code and the message of the error. */
  readonly results: readonly NdArray[] | string;
  /** What each probe saw, in order. */
  readonly seen: readonly Seen[];
}

/** Runs `body` and collects what it observes; an error of the program is an outcome, one of the caller is not. */
export function outcomeOf(body: (observe: (name: string, value: NdArray) => void) => readonly NdArray[]): Outcome {
  const seen: Seen[] = [];
  // the value may be memory that the run goes on to write to
  const observe = (name: string, value: NdArray): void =>
    void seen.push({ name, value: { ...value, data: value.data.slice() } });
  try {
    return { results: body(observe), seen };
  } catch (error) {
    if (error instanceof AdjointError && error.code !== "argument")
      return { results: `error ${error.code}: ${error.reason}`, seen };
    throw error;
  }
}

/** The same results bit for bit, or the same error; and the same observations in the same order. */
export function sameOutcome(a: Outcome, b: Outcome): boolean {
  return differenceOf(a, b) === null;
}

/**
 * How an array that an outcome holds differs from the expected one, in words; null where it does not. `of` gives the array in
 * its place of another outcome that took the same course.
 */
export type Differs = (want: NdArray, have: NdArray, of: (outcome: Outcome) => NdArray) => string | null;

/** What happens in a run beside the numbers: the names of probes in their order, and the error it ends with. */
export function courseOf({ seen, results }: Outcome): string {
  return JSON.stringify([seen.map(({ name }) => name), typeof results === "string" ? results : null]);
}

/** Where two outcomes differ, in words that name the first element that does; null where they are the same. */
export function differenceOf(expected: Outcome, got: Outcome, differs: Differs = elementThatDiffers): string | null {
  for (const [i, want] of expected.seen.entries()) {
    const have = got.seen[i];
    if (have === undefined) return `probe "${want.name}" no longer runs (observation ${i})`;
    if (have.name !== want.name) return `observation ${i} is of probe "${have.name}", expected "${want.name}"`;
    const at = differs(want.value, have.value, (o) => o.seen[i].value);
    if (at !== null) return `probe "${want.name}" saw ${at}`;
  }
  const more = got.seen[expected.seen.length];
  if (more !== undefined) return `probe "${more.name}" runs once more (observation ${expected.seen.length})`;
  if (typeof expected.results === "string" || typeof got.results === "string") {
    if (expected.results === got.results) return null;
    return `got ${showResults(got.results)}, expected ${showResults(expected.results)}`;
  }
  if (expected.results.length !== got.results.length)
    return `got ${got.results.length} results, expected ${expected.results.length}`;
  for (const [i, want] of expected.results.entries()) {
    const at = differs(want, got.results[i], (o) => (o.results as readonly NdArray[])[i]);
    if (at !== null) return `result ${i} is ${at}`;
  }
  return null;
}

function elementThatDiffers(want: NdArray, have: NdArray): string | null {
  if (sameArrays([want], [have])) return null;
  const other = typeThatDiffers(want, have);
  if (other !== null) return other;
  const at = want.data.findIndex((x, i) => !Object.is(x, have.data[i]));
  return `${showNumber(have.data[at])}, expected ${showNumber(want.data[at])}${placeIn(at, want)}`;
}

/** Both arrays, where they are not of one dtype and shape. */
export function typeThatDiffers(want: NdArray, have: NdArray): string | null {
  if (want.dtype === have.dtype && want.shape.join() === have.shape.join()) return null;
  return `${showArray(have)}, expected ${showArray(want)}`;
}

/** ` at [1, 0] of f64[2, 3]`; nothing for a scalar, which has one element. */
export function placeIn(at: number, { dtype, shape }: NdArray): string {
  return shape.length === 0 ? "" : ` at [${indexOf(at, shape).join(", ")}] of ${dtype}[${shape.join(", ")}]`;
}

function indexOf(flat: number, shape: readonly number[]): readonly number[] {
  let rest = flat;
  return shape
    .toReversed()
    .map((n) => {
      const i = rest % n;
      rest = Math.floor(rest / n);
      return i;
    })
    .toReversed();
}

export function showNumber(x: number): string {
  return Object.is(x, -0) ? "-0" : String(x);
}

function showResults(results: Outcome["results"]): string {
  return typeof results === "string" ? results : results.map(showArray).join("; ");
}

export function showOutcome({ results, seen }: Outcome): string {
  const shown = showResults(results);
  return seen.length === 0 ? shown : `${shown}, having seen ${seen.map((s) => showArray(s.value)).join("; ")}`;
}
