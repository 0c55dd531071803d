// How an op becomes loops over memory, and what its rule sees.

import type { Value } from "../../data/value.ts";
import type { Dim } from "../../types/dim.ts";
import type { MemRefType, Type } from "../../types/type.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { OperationOf } from "../operation.ts";

/** What a lowering rule sees. Subscripts are affine in index values: `indexDim(value)` turns one into a Dim. */
export interface LowerContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  /** The scalar at a subscript of operand `i`, computed in place or loaded. */
  element(i: number, at: readonly Dim[]): Value;
  /** What `make` gives of the scalar at a subscript of operand `i`: made once, outside of loops that it does not need. */
  derived(i: number, at: readonly Dim[], make: (element: Value) => Value): Value;
  /** Operand `i` in memory. */
  memory(i: number): Value;
  /** The extents of a type. */
  shape(type: Type): readonly Dim[];
}

/** What a rule sees that writes its whole result to memory. */
export interface WholeContext<O, A extends Attributes> extends LowerContext<O, A> {
  /** Gives the element of the result at a subscript its value; the last one stands. */
  write(at: readonly Dim[], value: Value): void;
  /** The value that an element of the result was given before. */
  written(at: readonly Dim[]): Value;
  /** Memory for the rule alone, zero before the function runs and made outside of every loop. */
  scratch(type: MemRefType, name: string): Value;
}

/** What a rule that changes memory sees. The memory of the result holds the elements of operand 0 when it begins. */
export interface UpdateContext<O, A extends Attributes> extends LowerContext<O, A> {
  /** Loops over a shape, the last axis innermost. */
  nest(shape: readonly Dim[], body: (at: readonly Dim[]) => void): void;
  /** The result's element at a subscript, as it is by now. */
  read(at: readonly Dim[]): Value;
  write(element: Value, at: readonly Dim[]): void;
}

/** What a rule sees that writes all of an op's results to memory. */
export interface ProcedureContext<O, A extends Attributes> extends LowerContext<O, A> {
  write(result: number, at: readonly Dim[], value: Value): void;
  /** The value that an element of a result was given before. */
  written(result: number, at: readonly Dim[]): Value;
  /** Memory for the rule alone, made outside of every loop; it holds whatever it held before. */
  scratch(type: MemRefType, name: string): Value;
}

/** Elements of a result that one loop nest computes. Parts are written in order, a later one over an earlier one. */
export interface Part<O> {
  /** The extents of the nest; one below 0 is empty. */
  readonly shape: readonly Dim[];
  /** The subscript in the result of an element of this part. */
  place(at: readonly Dim[]): readonly Dim[];
  element(cx: LowerContext<O, Attributes>, at: readonly Dim[]): Value;
}

/**
 * How a tensor op becomes loops.
 *   element    one scalar of the result at a subscript: fuses into whoever reads it (broadcast, permute, iota, …)
 *   nest       as element, but costly per element: computed once into memory and then read (dot, reduce)
 *   view       the operand's memory under another shape (reshape)
 *   update     operand 0 but for what the rule writes: in its memory where nobody reads it afterwards, else in a copy
 *   procedure  all results at once, in whatever loops the rule opens (sort)
 *   structured by the pass itself (regions, calls), or the op is at loop level already
 * An op with a scalar meaning needs no lowering of its own: the same op is emitted on scalars.
 */
export type Lowering<O, A extends Attributes> =
  | {
      readonly kind: "element";
      element(cx: LowerContext<O, A>, at: readonly Dim[]): Value;
      /** For a rule that decides by subscript: the same without deciding, where the whole result is wanted in memory. */
      parts?(operation: OperationOf<O, A>): readonly Part<O>[];
    }
  | {
      readonly kind: "nest";
      element(cx: LowerContext<O, A>, at: readonly Dim[]): Value;
      /** The nests of the whole result, where they are cheaper than element by element; null where they are not. */
      whole?(operation: OperationOf<O, A>): ((cx: WholeContext<O, Attributes>) => void) | null;
      /** The operands of which several subscripts are the same element, though each uses every index around. */
      again?(operation: OperationOf<O, A>): readonly number[];
    }
  | { readonly kind: "view" }
  | { readonly kind: "update"; update(cx: UpdateContext<O, A>): void }
  | { readonly kind: "procedure"; run(cx: ProcedureContext<O, A>): void }
  | { readonly kind: "structured" };
