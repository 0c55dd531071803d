// What the way back reads from the way forth: regions in two halves, residuals between them, and the tapes of loops.

import type { Value } from "../../data/value.ts";
import type { Type } from "../../types/type.ts";
import type { BlockOf, Signature } from "../operation.ts";

/**
 * The lists, one for each type of what they hold, on which loops within one another record: each goes on where the last
 * one stopped, and backwards where that one began, since what is recorded last is read first.
 */
export interface Tapes {
  get(element: Type): Value;
  set(element: Type, tape: Value): void;
  /** Whether the block may run many times: then what it keeps goes on the tapes. */
  readonly isRepeated: boolean;
}

/** Where a region's tapes come from: `open` is asked once for each type. */
export interface OpenTapes {
  open(element: Type): Value;
  readonly isRepeated: boolean;
  /** Which arguments of the region follow from the number of its run, and so take no record. */
  readonly counters?: readonly boolean[];
}

/** A list that a block goes on with: as it gets it, and as it leaves it. */
export interface Recorded {
  readonly element: Type;
  readonly before: Value;
  readonly after: Value;
}

export interface SplitRegion<O> {
  /** Whether each argument, and each result, depends on what is differentiated. */
  readonly argumentFlows: readonly boolean[];
  readonly resultFlows: readonly boolean[];
  /** What the backward block reads from the forward one. */
  readonly residuals: readonly Value[];
  /** The forward block's own arguments, for rules that hand one on by other means than a residual. */
  readonly arguments: readonly Value[];
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
  ): {
    readonly arguments: readonly (Value | null)[];
    readonly captured: readonly (Value | null)[];
    readonly tapes: readonly Value[];
  };
}

export interface SplitCall {
  readonly forward: Signature;
  readonly backward: Signature;
  /** For each original result, whether the backward function takes its cotangent. */
  readonly takesCotangent: readonly boolean[];
}
