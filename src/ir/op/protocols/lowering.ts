// The protocol of lowering: how an op becomes loops over memory, and the contexts of its rules.

import type { Value } from "../../data/value.ts";
import type { Dim } from "../../types/dim.ts";
import type { MemRefType, Type } from "../../types/type.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { OperationOf } from "../operation.ts";

/** The context of a lowering rule. Subscripts are affine in index values: `indexDim(value)` turns one into a Dim. */
export interface LowerContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  /** The scalar at a subscript of operand `i`, computed in place or loaded. */
  element(i: number, at: readonly Dim[]): Value;
  /**
   * A scalar that `make` computes of the one at a subscript of operand `i`, in the outermost loop that has the subscript: for
   * what may fail, and is to fail even where a loop inside makes no step.
   */
  outermost(i: number, at: readonly Dim[], make: (element: Value) => Value): Value;
  /** Operand `i` in memory. */
  memory(i: number): Value;
  /** The extents of a type. */
  shape(type: Type): readonly Dim[];
}

/** The context of a rule that writes its whole result to memory. */
export interface WholeContext<O, A extends Attributes> extends LowerContext<O, A> {
  /** Writes the element of the result at a subscript; a later write replaces it. */
  write(at: readonly Dim[], value: Value): void;
  /** The value that was last written to an element of the result. */
  written(at: readonly Dim[]): Value;
}

/** The context of a rule that updates memory, which holds the elements of operand 0 when the rule begins. */
export interface UpdateContext<O, A extends Attributes> extends LowerContext<O, A> {
  /** Loops over a shape, the last axis innermost. */
  nest(shape: readonly Dim[], body: (at: readonly Dim[]) => void): void;
  /** The current value of the result's element at a subscript. */
  read(at: readonly Dim[]): Value;
  write(element: Value, at: readonly Dim[]): void;
}

/** The context of a rule that writes all of an op's results to memory. */
export interface ProcedureContext<O, A extends Attributes> extends LowerContext<O, A> {
  write(result: number, at: readonly Dim[], value: Value): void;
  /** The value that was last written to an element of a result. */
  written(result: number, at: readonly Dim[]): Value;
  /** Memory for the rule alone, allocated outside of its loops; its contents are undefined at first. */
  scratch(type: MemRefType, name: string): Value;
}

/**
 * A piece of a result: the elements that one nest computes. Pieces are written in order, a later one over an earlier one.
 */
export interface Piece<O> {
  /** The extents of the nest; one below 0 is empty. */
  readonly shape: readonly Dim[];
  /** The subscript in the result of an element of this piece. */
  position(at: readonly Dim[]): readonly Dim[];
  element(cx: LowerContext<O, Attributes>, at: readonly Dim[]): Value;
}

/** A result that is sums of products: their extents, from which a pass tells whether a contraction pays, and the contraction. */
export interface ContractionRule<O> {
  readonly batch: readonly Dim[];
  readonly rows: readonly Dim[];
  readonly columns: readonly Dim[];
  readonly depth: readonly Dim[];
  /** Whether elements of the left operand are those under a moving window. */
  readonly slides: boolean;
  emit(cx: Omit<WholeContext<O, Attributes>, "written">): void;
}

/**
 * How a tensor op becomes loops.
 *   element    one scalar of the result at a subscript, which fuses into its readers (broadcast, permute, iota, …)
 *   nest       as element, but costly per element: computed once into memory and then read (dot, reduce)
 *   view       the operand's memory under another shape (reshape)
 *   update     operand 0 with the elements that the rule writes: in place where nothing reads operand 0 afterwards, or in a copy
 *   procedure  all results at once, in whatever loops the rule opens (sort)
 *   structured by the pass itself (regions, calls), or the op is at loop level already
 * An op with a scalar meaning needs no lowering of its own: the same op is emitted on scalars.
 */
export type Lowering<O, A extends Attributes> =
  | {
      readonly kind: "element";
      element(cx: LowerContext<O, A>, at: readonly Dim[]): Value;
      /** For a rule that branches on the subscript: the whole result without branches, as pieces. */
      pieces?(operation: OperationOf<O, A>): readonly Piece<O>[];
    }
  | {
      readonly kind: "nest";
      element(cx: LowerContext<O, A>, at: readonly Dim[]): Value;
      /** The nests of the whole result, where they are cheaper than element by element; null where they are not. */
      whole?(operation: OperationOf<O, A>): ((cx: WholeContext<O, Attributes>) => void) | null;
      /** The whole result as a contraction. */
      contraction?(operation: OperationOf<O, A>): ContractionRule<O>;
      /** Operands that are read at equal subscripts in several iterations, though each subscript uses every index around. */
      rereads?(operation: OperationOf<O, A>): readonly number[];
      /** How often what it reads is written out, where that is more than once in the rule. */
      copies?(operation: OperationOf<O, A>): number;
      /** Operands of which each element is read exactly once, over the whole result. */
      readonly visits?: readonly number[];
    }
  | { readonly kind: "view" }
  | { readonly kind: "update"; update(cx: UpdateContext<O, A>): void }
  | { readonly kind: "procedure"; run(cx: ProcedureContext<O, A>): void }
  | { readonly kind: "structured" };
