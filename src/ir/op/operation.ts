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

export interface Signature {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly arguments: readonly Type[];
  readonly results: readonly Type[];
}
