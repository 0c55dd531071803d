// What the way back reads from the way forth: regions in two halves, residuals between them, and the tapes of loops.

import type { Value } from "../../data/value.ts";
import type { Type } from "../../types/type.ts";
import type { BlockOf, OperationOf, Signature } from "../operation.ts";

/** Which tape: of what it holds, and for whom. */
export interface TapeKey {
  readonly element: Type;
  /** Whether only the way back uses it, for residuals of a loop that it computes again; the way forth hands it through. */
  readonly isScratch: boolean;
}

/**
 * The tapes, one list for each key, on which loops within one another record: each goes on where the last one stopped,
 * and backwards where that one began, since what is recorded last is read first.
 */
export interface Tapes {
  get(key: TapeKey): Value;
  set(key: TapeKey, tape: Value): void;
  /** Whether the block may run many times: then what it keeps goes on the tapes. */
  readonly isRepeated: boolean;
}

/** Where a region's tapes come from: `open` is asked once for each key. */
export interface OpenTapes {
  open(key: TapeKey): Value;
  readonly isRepeated: boolean;
  /** Which arguments of the region follow from the number of its run, and so take no record. */
  readonly counters?: readonly boolean[];
}

/** A list that a block goes on with: as it gets it, and as it leaves it. */
export interface Recorded extends TapeKey {
  readonly before: Value;
  readonly after: Value;
}

/** From cotangents of a region's results to those of its arguments and of what it captures. */
export interface RegionCotangents {
  readonly arguments: readonly (Value | null)[];
  readonly captured: readonly (Value | null)[];
  readonly tapes: readonly Value[];
}

export interface SplitRegion<O> {
  /** Whether each argument, and each result, depends on what is differentiated. */
  readonly argumentFlows: readonly boolean[];
  readonly resultFlows: readonly boolean[];
  /** What the backward block reads from the forward one. */
  readonly residuals: readonly Value[];
  /** The forward block so far, for rules that hand on its values by other means than a residual. */
  readonly arguments: readonly Value[];
  readonly operations: readonly OperationOf<O>[];
  readonly results: readonly Value[];
  /** The forward block: its results are the original ones and then those of `extra`, which may append to it. */
  forward(extra: () => readonly Value[], extraArguments?: readonly Value[]): BlockOf<O>;
  /** The values from outside the region that receive a cotangent from it, original values. */
  readonly captured: readonly Value[];
  /** The lists that the region goes on with. */
  readonly recorded: readonly Recorded[];
  /**
   * Emits the backward operations into the current builder: from values for the residuals and cotangents of the
   * results to cotangents of the region's arguments, then of `captured`. Null stands for zero. A captured value's
   * cotangent includes its seed, where it has one. `tapes` are those of `recorded` as the region left them, and come
   * back as it got them.
   */
  backward(
    residuals: readonly Value[],
    cotangents: readonly (Value | null)[],
    seed?: (captured: Value) => Value | null,
    tapes?: readonly Value[],
  ): RegionCotangents;
}

export interface SplitCall {
  readonly forward: Signature;
  /** For each original result, whether the backward function takes its cotangent. */
  readonly takesCotangent: readonly boolean[];
  /** The backward function that takes those of these cotangents that there are. */
  backward(isGiven: readonly boolean[]): BackwardCall;
}

export interface BackwardCall {
  readonly signature: Signature;
  /** Whether it gives a cotangent of each active argument. */
  readonly gives: readonly boolean[];
}
