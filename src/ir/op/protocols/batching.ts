// How an op applies to a whole batch at once, and what its rule sees.

import type { Value } from "../../data/value.ts";
import type { Dim } from "../../types/dim.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { BlockOf, OperationOf, Signature } from "../operation.ts";

/** What a batching rule sees: batched operands carry the new axis first, the others are as they were. */
export interface BatchContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  readonly operands: readonly Value[];
  readonly batched: readonly boolean[];
  readonly size: Dim;
  /** For an op with an effect: for which elements of the batch it happens; null for all. */
  readonly mask: Value | null;
}

/** Results, and which of them carry the new axis first. */
export interface Batched {
  readonly results: readonly Value[];
  readonly batched: readonly boolean[];
}

/** What the batching rule of an op with regions or a callee sees. */
export interface StructuredBatchContext<O, A extends Attributes> extends BatchContext<O, A> {
  /** The value with the new axis; repeated along it where it has none. */
  whole(value: Value, batched: boolean): Value;
  /** For each element of the batch `then` or `otherwise`, which have the new axis as the mask has. */
  choose(mask: Value, then: Value, otherwise: Value): Value;
  /** Whether the mask holds for any element of the batch. */
  any(mask: Value): Value;
  /** A region whose arguments carry the new axis where named. Nothing of it is emitted before `finish`. */
  region(region: BlockOf<O>, batched: readonly boolean[]): BatchedRegion<O>;
  /** Emits a region's operations here, for the elements of the batch that `mask` names. */
  inline(region: BlockOf<O>, args: Batched, mask: Value): Batched;
  calleeSignature(callee: string): Signature;
  /** The function that takes arguments with the new axis where named. */
  batchedCall(
    callee: string,
    batched: readonly boolean[],
  ): { readonly signature: Signature; readonly batched: readonly boolean[] };
}

export interface BatchedRegion<O> extends Batched {
  readonly arguments: readonly Value[];
  /** The block; `whole(i)` is result i with the new axis. */
  finish(results: (whole: (i: number) => Value) => readonly Value[]): BlockOf<O>;
}

/** A batching rule for a new axis that comes last: elements of a batch are next to one another in memory. */
export interface BatchingBehind<O, A extends Attributes> {
  /** Whether an operand may have the new axis, without a change of order in what is summed. */
  takes(operation: OperationOf<O, A>, operand: number): boolean;
  /** Emits the batched operation, of which operands and results carry the new axis last. */
  batch(cx: BatchContext<O, A>): readonly Value[];
}

export type Batching<O, A extends Attributes> =
  /** Unbatched operands are broadcast along the new axis, then the op is applied as it is. */
  | { readonly kind: "elementwise" }
  /** Emits the batched operation; its results carry the new axis first. */
  | {
      readonly kind: "rule";
      batch(cx: BatchContext<O, A>): readonly Value[];
      readonly behind?: BatchingBehind<O, A>;
    }
  /** Ops with regions or a callee. */
  | { readonly kind: "structured"; batch(cx: StructuredBatchContext<O, A>): Batched }
  | { readonly kind: "none"; readonly reason: string };
