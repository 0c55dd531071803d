// What a run of a function shows: its results or the error it ends with, and what its probes saw on the way.

import { AdjointError, type NdArray } from "../ir/index.ts";
import { sameArrays, showArray } from "./values.ts";

export interface Outcome {
  /** The results, or the code of the error. */
  readonly results: readonly NdArray[] | string;
  /** What each probe saw, in order. */
  readonly seen: readonly NdArray[];
}

/** Runs `body` and collects what it observes; an error of the program is an outcome, one of the caller is not. */
export function outcomeOf(body: (observe: (name: string, value: NdArray) => void) => readonly NdArray[]): Outcome {
  const seen: NdArray[] = [];
  // the value may be memory that the run goes on to write to
  const observe = (_: string, value: NdArray): void => void seen.push({ ...value, data: value.data.slice() });
  try {
    return { results: body(observe), seen };
  } catch (error) {
    if (error instanceof AdjointError && error.code !== "argument") return { results: `error ${error.code}`, seen };
    throw error;
  }
}

/** The same results bit for bit, or the same error; and the same observations in the same order. */
export function sameOutcome(a: Outcome, b: Outcome): boolean {
  if (!sameArrays(a.seen, b.seen)) return false;
  if (typeof a.results === "string" || typeof b.results === "string") return a.results === b.results;
  return sameArrays(a.results, b.results);
}

export function showOutcome({ results, seen }: Outcome): string {
  const shown = typeof results === "string" ? results : results.map(showArray).join("; ");
  return seen.length === 0 ? shown : `${shown}, having seen ${seen.map(showArray).join("; ")}`;
}
