// The shape of a program, over whatever record an operation holds: records refer to operations, and operations to records.

import type { Value } from "../data/value.ts";
import type { Origin } from "../diagnostics/origin.ts";
import type { Constraint } from "../types/constraint.ts";
import type { Type } from "../types/type.ts";
import type { Attributes } from "./attribute-spec.ts";

/** One use of an op. */
export interface OperationOf<O, A extends Attributes = Attributes> {
  readonly op: O;
  readonly operands: readonly Value[];
  /** Complete: defaults are filled in. */
  readonly attributes: A;
  readonly regions: readonly BlockOf<O>[];
  readonly results: readonly Value[];
  readonly origin: Origin | null;
  /** How many operands each of the op's groups takes, where it has several: `carry(…) over(…)`. */
  readonly segments: readonly number[];
}

/** Arguments, operations in order, and what the terminator (`return` or `yield`) gives back. */
export interface BlockOf<O> {
  readonly arguments: readonly Value[];
  readonly operations: readonly OperationOf<O>[];
  readonly results: readonly Value[];
}

/**
 * What a function does with an argument: `in` is only read; memory that is `out` holds anything at first, `zeroed` memory
 * zeros and `inout` memory what the caller wants in it, and all three are written to. Memory that is written to overlaps
 * no other argument.
 */
export type Role = "in" | "out" | "inout" | "zeroed";

export const roleNames: readonly Role[] = ["in", "out", "inout", "zeroed"];

export interface Signature {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly arguments: readonly Type[];
  /** One for each argument. */
  readonly roles: readonly Role[];
  readonly results: readonly Type[];
}
