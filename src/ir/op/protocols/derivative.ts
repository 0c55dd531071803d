// How an op differentiates, in both modes, and what its rules see.

import type { Value } from "../../data/value.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { BlockOf, OperationOf, Signature } from "../operation.ts";
import type { OpenTapes, SplitCall, SplitRegion, Tapes } from "./recording.ts";

/** A partial derivative: a value, or a number for a constant one. Null: no derivative with respect to that operand. */
export type PartialDerivative = Value | number | null;

/** A cotangent that is zero but for a few elements: adds itself to what was gathered before, without a sum over all. */
export interface Increment {
  readonly kind: "increment";
  addTo(gathered: Value): Value;
}

/** What flows back to one operand; null is zero. */
export type Contribution = Value | Increment | null;

/** What a linear op's transpose sees. Operands outside the linear ones may be read; linear ones only for their types. */
export interface TransposeContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  readonly operands: readonly Value[];
  readonly cotangent: Value;
  /** Which operands a cotangent is wanted for; others may be given as null. */
  readonly wanted: readonly boolean[];
}

/** What depends on what is differentiated, before anything is emitted. */
export interface FlowContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  isActive(value: Value): boolean;
  /** Whether what is asked for depends on the value through derivatives. */
  isUseful(value: Value): boolean;
  /** Whether each result of a region does, where the arguments named do. */
  flows(region: BlockOf<O>, active: readonly boolean[]): readonly boolean[];
}

/** What the results that are asked for depend on, before anything is emitted. */
export interface UseContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  isUseful(value: Value): boolean;
  /** Marks a value as useful. */
  use(value: Value): void;
  /** Marks what those of a region's results that are named depend on. */
  region(region: BlockOf<O>, results: readonly boolean[]): void;
}

/** The forward half of a structured op's reverse rule: re-emits it in the forward function, keeping what is needed. */
export interface ReverseContext<O, A extends Attributes> extends FlowContext<O, A> {
  /** The operands as the forward function has them. */
  readonly operands: readonly Value[];
  /** A value of the original function as the forward function has it. */
  lookup(value: Value): Value;
  /** The operation that a value is a result of, or an argument of a region of; null for arguments of the function. */
  definition(value: Value): OperationOf<O> | null;
  /** Whether a value of the forward function is a tensor or list that some region makes: to keep it would be to record it whole. */
  isStepwise(value: Value): boolean;
  /** The lists on which loops around this operation record, which it may go on with. */
  readonly tapes: Tapes;
  /**
   * Splits a region, where the arguments named depend on what is differentiated, into a forward and a backward block.
   * `around` gives the lists that the region goes on with where it records something; without, loops in it begin lists.
   */
  split(region: BlockOf<O>, active: readonly boolean[], around?: OpenTapes): SplitRegion<O>;
  calleeSignature(callee: string): Signature;
  /** Splits a function of the module for the given active arguments; `keep`: it is also called as it is. */
  splitCall(callee: string, active: readonly boolean[], keep: boolean): SplitCall;
}

/** What a structured op's reverse rule gives: the results in the forward function, and the way back. */
export interface Pullback {
  readonly results: readonly Value[];
  /**
   * Runs in the backward builder: cotangents of the results → [value of the original function, its cotangent]. `take`
   * gives what was gathered for a value so far and leaves nothing behind, so that a loop may go on adding to it. `tapes`
   * are those that the operation went on with, null where loops around it have none.
   */
  pull(
    cotangents: readonly (Value | null)[],
    take: (value: Value) => Value | null,
    tapes: Tapes | null,
  ): readonly (readonly [Value, Contribution])[];
  /** Whether it recorded something: then it is pulled in any case, so that the tapes are as they were. */
  readonly records?: boolean;
}

/** What a structured op's forward rule sees: it emits the operation with tangents beside its results. */
export interface ForwardContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  /** The operands as the new function has them, and their tangents; null stands for zero. */
  readonly operands: readonly Value[];
  readonly tangents: readonly (Value | null)[];
  /** Emits a region's operations here as they are. */
  inline(region: BlockOf<O>, args: readonly Value[]): readonly Value[];
  /** A region with tangents, where the arguments named have one. Nothing of it is emitted before `finish`. */
  region(region: BlockOf<O>, active: readonly boolean[]): TangentRegion<O>;
  calleeSignature(callee: string): Signature;
  /** The function that gives a callee's results, then their tangents, from its arguments and those of the active ones. */
  tangentCall(callee: string, active: readonly boolean[]): TangentCall;
}

export interface TangentRegion<O> {
  readonly arguments: readonly Value[];
  readonly argumentTangents: readonly (Value | null)[];
  readonly results: readonly Value[];
  /** Null where a result has none. */
  readonly tangents: readonly (Value | null)[];
  /** The block; `tangent(i)` is that of result i, made of zeros where there is none. */
  finish(args: readonly Value[], results: (tangent: (i: number) => Value) => readonly Value[]): BlockOf<O>;
}

export interface TangentCall {
  readonly signature: Signature;
  /** For each original result, whether a tangent of it stands behind the results. */
  readonly givesTangent: readonly boolean[];
}

/** Results of a structured op in forward mode; null stands for a tangent of zero. */
export interface Tangents {
  readonly results: readonly Value[];
  readonly tangents: readonly (Value | null)[];
}

/**
 * How an op differentiates; forward and reverse mode follow from the same facts. A rule emits operations through the
 * current builder and may only emit ops that are differentiable themselves.
 */
export type Derivative<O, A extends Attributes> =
  /** The partial derivative per operand, each a value of the result's shape, from the operands and the result. */
  | {
      readonly kind: "elementwise";
      partials(operands: readonly Value[], result: Value, operation: OperationOf<O, A>): readonly PartialDerivative[];
      /** The tangent of the result, where that takes less than the sum of the partials · tangents; null where not. */
      tangent?(operands: readonly Value[], result: Value, tangents: readonly (Value | null)[]): Value | null;
    }
  /** Jointly linear in the operands listed (all if left out): the tangent is the op of the tangents. */
  | {
      readonly kind: "linear";
      readonly in?: readonly number[];
      transpose(cx: TransposeContext<O, A>): readonly Contribution[];
    }
  /** Linear in each of the operands listed (all if left out) on its own: the tangent is the sum over them. */
  | {
      readonly kind: "multilinear";
      readonly in?: readonly number[];
      transpose(cx: TransposeContext<O, A>): readonly Contribution[];
      /** The axes of one of the two operands that are summed over, and those that only it brings to the result. */
      axes(
        operation: OperationOf<O, A>,
        operand: number,
      ): { readonly summed: readonly number[]; readonly free: readonly number[] };
      /** For each element of the result, or of the other operand: zero where all that it meets of this operand is zero. */
      met(operation: OperationOf<O, A>, operand: number, by: "result" | "other"): Value;
    }
  /** Any op of one result by its VJP and JVP: from operands, result and (co)tangents. */
  | {
      readonly kind: "rule";
      vjp(cx: TransposeContext<O, A> & { readonly result: Value }): readonly Contribution[];
      /**
       * Of an op that multiplies an operand by something: for each element of the result something that is zero where all
       * that it is computed from of this operand is zero.
       */
      met?(operation: OperationOf<O, A>, operand: number): Value | null;
      jvp(cx: {
        readonly operation: OperationOf<O, A>;
        readonly operands: readonly Value[];
        readonly result: Value;
        readonly tangents: readonly (Value | null)[];
      }): Value | null;
    }
  /** Ops with regions or a callee. */
  | {
      readonly kind: "structured";
      /** Whether each result depends on what is differentiated; all of them where left out. */
      flows?(cx: FlowContext<O, A>): readonly boolean[];
      /** The numbers of the operands in which it is linear, all together; not known where left out. */
      linearIn?(operation: OperationOf<O, A>): readonly number[];
      /** Marks what the useful results depend on; all operands and all in the regions where left out. */
      uses?(cx: UseContext<O, A>): void;
      reverse(cx: ReverseContext<O, A>): Pullback;
      forward(cx: ForwardContext<O, A>): Tangents;
    }
  /** Piecewise constant or not numeric: nothing flows back (compare, iota, stop_gradient). */
  | { readonly kind: "zero"; readonly reason: string }
  /** Asking for it is an error with this reason. */
  | { readonly kind: "none"; readonly reason: string };
