// How reverse mode hands values from the forward half of a region to its backward half: as residuals, which are values, or,
// where a loop runs the region many times, on tapes, which are lists.

import type { Value } from "../../data/value.ts";
import type { Type } from "../../types/type.ts";
import type { BlockOf, OperationOf, Signature } from "../operation.ts";

/** What tells one tape from another: the type of the values that it holds, and whether it is scratch. */
export interface TapeKey {
  readonly element: Type;
  /**
   * Whether only the backward half pushes and pops: it computes the residuals of a loop again and keeps them here. The
   * forward half hands such a tape on unchanged.
   */
  readonly isScratch: boolean;
}

/**
 * The tapes of nested loops, one list for each key. In the forward half each loop pushes onto the list that the loop before
 * it left; in the backward half the loops run in the opposite order, and each pops what it pushed itself, since a list gives
 * back first what was pushed last.
 */
export interface Tapes {
  get(key: TapeKey): Value;
  set(key: TapeKey, tape: Value): void;
  /** Whether the block may run many times: then its residuals are recorded on the tapes. */
  readonly isRepeated: boolean;
}

/** Where a region gets its tapes from: it calls `open` once for each key. */
export interface OpenTapes {
  open(key: TapeKey): Value;
  readonly isRepeated: boolean;
  /** Which arguments of the region can be computed from the number of the iteration, and so need no record. */
  readonly counters?: readonly boolean[];
}

/** A list onto which a block records: the value that the block gets, and the value that it leaves. */
export interface Recorded extends TapeKey {
  readonly before: Value;
  readonly after: Value;
}

/** What the backward half of a region gives: the cotangents of its arguments and of what it captures; null stands for zero. */
export interface RegionCotangents {
  readonly arguments: readonly (Value | null)[];
  readonly captured: readonly (Value | null)[];
  readonly tapes: readonly Value[];
}

/** A region in two halves: the forward block computes the results, the backward block the cotangents. */
export interface SplitRegion<O> {
  /** Whether each argument, and each result, depends on what is differentiated. */
  readonly argumentFlows: readonly boolean[];
  readonly resultFlows: readonly boolean[];
  /** The values of the forward block that the backward block reads. */
  readonly residuals: readonly Value[];
  /** The forward block so far, for rules that hand its values on by other means than residuals. */
  readonly arguments: readonly Value[];
  readonly operations: readonly OperationOf<O>[];
  readonly results: readonly Value[];
  /** Finishes the forward block: its results are the original ones and then those of `extra`, which may append operations. */
  forward(extra: () => readonly Value[], extraArguments?: readonly Value[]): BlockOf<O>;
  /** The values from outside of the region to which it gives a cotangent, as values of the original function. */
  readonly captured: readonly Value[];
  /** The lists onto which the region records. */
  readonly recorded: readonly Recorded[];
  /**
   * Emits the backward operations into the current builder. They take the residuals and the cotangents of the results,
   * and give the cotangents of the region's arguments and of `captured`; null stands for zero. Where `seed` gives a
   * cotangent that a captured value has already, the region's is added to it. `tapes` are the lists of `recorded` as the
   * region left them, and the lists that come back are as the region got them.
   */
  backward(
    residuals: readonly Value[],
    cotangents: readonly (Value | null)[],
    seed?: (captured: Value) => Value | null,
    tapes?: readonly Value[],
  ): RegionCotangents;
}

/** A function that is called, in two: the forward function gives the results and residuals, the backward one cotangents. */
export interface SplitCall {
  readonly forward: Signature;
  /** For each original result, whether the backward function takes its cotangent. */
  readonly takesCotangent: readonly boolean[];
  /** The backward function that takes the cotangents which are given, and no others. */
  backward(isGiven: readonly boolean[]): BackwardCall;
}

export interface BackwardCall {
  readonly signature: Signature;
  /** For each active argument, whether the function gives its cotangent. */
  readonly gives: readonly boolean[];
}
