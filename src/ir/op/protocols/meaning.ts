// What an op means: the types of its results, and their elements.

import type { NdArray } from "../../data/ndarray.ts";
import type { Value } from "../../data/value.ts";
import type { ErrorCode } from "../../diagnostics/errors.ts";
import type { Dim } from "../../types/dim.ts";
import type { DType } from "../../types/dtype.ts";
import type { Type } from "../../types/type.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { Kernel } from "../kernel.ts";
import type { BlockOf, OperationOf, Signature } from "../operation.ts";

/** What a type rule sees. Dimensions that are not provably equal become constraints of the function being built. */
export interface TypeContext<O, A extends Attributes> {
  readonly operands: readonly Type[];
  readonly attributes: A;
  readonly regions: readonly BlockOf<O>[];
  readonly segments: readonly number[];
  /** The result types as written, for ops whose operands do not determine them (`broadcast`, `cast`, …). */
  readonly declared: readonly Type[] | null;
  /** The types of one operand group. */
  group(name: string): readonly Type[];
  /** Requires `a == b`; gives the one to go on with. `what` completes the sentence "… of <what>". */
  equal(a: Dim, b: Dim, what: string): Dim;
  atLeast(a: Dim, b: Dim, what: string): void;
  /** The signature of a function of this module; null while the module is still being built. */
  signature(name: string): Signature | null;
  fail(code: ErrorCode, reason: string, hint?: string): never;
}

/** What `eval` sees: concrete operands, and a way to run regions and functions. */
export interface EvalContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  readonly operands: readonly NdArray[];
  readonly attributes: A;
  /** The operands of one operand group. */
  group(name: string): readonly NdArray[];
  /** The value of a dimension under the sizes of this call. */
  dim(d: Dim): number;
  /** The value of an affine attribute whose `%n` symbols are the operands of `group`. */
  affine(d: Dim, group: string): number;
  /** The concrete shape of a type. */
  shape(type: Type): readonly number[];
  run(region: BlockOf<O>, args: readonly NdArray[]): readonly NdArray[];
  call(name: string, args: readonly NdArray[], bindings: Readonly<Record<string, number>>): readonly NdArray[];
  /** Reports a value to the observer of `probe`. */
  observe(name: string, value: NdArray): void;
  fail(code: ErrorCode, reason: string, subject?: string): never;
}

/** What a scalar function knows of its operation: the attributes, and the result's dtype. */
export interface ScalarContext<A extends Attributes = Attributes> {
  readonly attributes: A;
  readonly dtype: DType;
}

/** What the spelling of a scalar function may call besides Math. */
export interface SpellContext<A extends Attributes = Attributes> extends ScalarContext<A> {
  /** The name of a kernel in the text being written, which carries each kernel that was asked for once. */
  nameOf(kernel: Kernel): string;
}

/**
 * A function of f32 as operations that every machine has, in f32 and f64, each rounded as IEEE 754 says: its bits are the same
 * wherever they run.
 */
export interface SingleFunction {
  /** Appends the operations to the current builder, for numbers, vectors or tensors: they have no branches. */
  expand(...operands: readonly Value[]): Value;
  /** No result is farther from the exact one, in units in the last place. */
  readonly ulps: number;
}

/** The scalar function of an elementwise op, before rounding to its dtype; booleans are 0 and 1. */
export interface ScalarMeaning<A extends Attributes = Attributes> {
  /** Computes in f64 (or exact integers); the result is rounded to the result's dtype by the caller. */
  compute(args: readonly number[], operation: ScalarContext<A>): number;
  /** The same as a JavaScript expression over atoms (identifiers or parenthesised); booleans are JavaScript booleans. */
  spell(args: readonly string[], operation: SpellContext<A>): string;
  /** True where the result needs no rounding because the operands' own rounding suffices (min, max, select, neg of floats). */
  readonly exact?: boolean;
  /**
   * `compute` for operands and a result of f64, where it needs nothing but them, as the engine's own function where it is one:
   * hosts that call functions of JavaScript call this, and engines know theirs.
   */
  readonly double?: (...args: number[]) => number;
  /** The function of f32, of which `compute` and `spell` are made, where it is more than one operation of a machine. */
  readonly single?: SingleFunction;
}
