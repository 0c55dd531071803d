// Which elements a derivative flows to: the cotangent of what a select does not take is zero, whatever stands there.

import type { Value } from "../../data/value.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { OperationOf } from "../operation.ts";

/**
 * A cotangent that stands for `select(mask, value, 0)`. Partial derivatives multiply `value`, and the mask is applied
 * after them, so an infinite derivative where the mask is false never meets a zero: 0 · ∞ does not arise.
 */
export interface Masked {
  readonly kind: "masked";
  /** Of the value's shape, or of rank 0: then it speaks for all elements. */
  readonly mask: Value;
  readonly value: Value;
  /** Where false, `value` stands where the mask does not hold. */
  readonly holds: boolean;
}

/** A cotangent as structured rules take it; off its mask, where it has one, the value of a masked one is zero. */
export type Cotangent = Value | Masked;

/** Along which axes a mask may differ; null where there is none. */
export type Varies = readonly boolean[] | null;

/** A cotangent as far as backward code depends on it: there is none, which is zero, or one with such a mask. */
export type Given = "absent" | Varies;

/** Which elements of a result are taken. */
export interface FlowMask {
  readonly value: Value;
  readonly varies: readonly boolean[];
}

/** What a rule sees that says where a mask came from. */
export interface SupportContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  readonly operands: readonly Value[];
  readonly mask: FlowMask;
  readonly wanted: readonly boolean[];
}

/**
 * The elements of each operand that the elements of the result in the mask depend on, as bools of the operand's shape;
 * null: any may be.
 */
export type Support = readonly (Value | null)[];
