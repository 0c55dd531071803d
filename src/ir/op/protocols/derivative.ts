// How an op is differentiated, in forward and in reverse mode, and what its rules get to see.

import type { Value } from "../../data/value.ts";
import type { Attributes } from "../attribute-spec.ts";
import type { BlockOf, OperationOf, Signature } from "../operation.ts";
import type { OpenTapes, SplitCall, SplitRegion, Tapes } from "./recording.ts";

/** A partial derivative: a value, or a number where it is constant. Null says that the operand has no derivative. */
export type PartialDerivative = Value | number | null;

/**
 * A cotangent that is zero but for a few elements. It adds itself to the cotangent that was accumulated so far, which costs
 * less than to add two whole tensors.
 */
export interface Increment {
  readonly kind: "increment";
  addTo(gathered: Value): Value;
}

/** What an operation contributes to the cotangent of one operand; null is zero. */
export type Contribution = Value | Increment | null;

/** What the transpose of a linear op sees. Of an operand in which the op is linear, it may use the type only, not the value. */
export interface TransposeContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  readonly operands: readonly Value[];
  readonly cotangent: Value;
  /** Of which operands a cotangent is wanted; for the others the rule may give null. */
  readonly wanted: readonly boolean[];
}

/** An activity analysis: what depends on the arguments of the derivative. It runs before anything is emitted. */
export interface FlowContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  isActive(value: Value): boolean;
  /** Whether some result that is asked for depends on the value in a way that can be differentiated. */
  isUseful(value: Value): boolean;
  /** Whether each result of a region is active, where these of its arguments are. */
  flows(region: BlockOf<O>, active: readonly boolean[]): readonly boolean[];
}

/** A usefulness analysis: what the results that are asked for depend on. It runs before anything is emitted. */
export interface UseContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  isUseful(value: Value): boolean;
  /** Marks a value as useful. */
  use(value: Value): void;
  /** Marks what these results of a region depend on. */
  region(region: BlockOf<O>, results: readonly boolean[]): void;
}

/**
 * What the reverse rule of a structured op sees. It emits the op again in the forward function, in a form that keeps what the
 * backward function needs.
 */
export interface ReverseContext<O, A extends Attributes> extends FlowContext<O, A> {
  /** The operands as the forward function has them. */
  readonly operands: readonly Value[];
  /** A value of the original function as the forward function has it. */
  lookup(value: Value): Value;
  /** The operation that has the value as a result or as an argument of a region; null for arguments of the function. */
  definition(value: Value): OperationOf<O> | null;
  /** Whether a value of the forward function is a tensor or list that is made in a region, and would be recorded whole. */
  isStepwise(value: Value): boolean;
  /** The lists onto which the loops around this operation record, and it may record too. */
  readonly tapes: Tapes;
  /**
   * Splits a region, of which these arguments are active, into a forward and a backward block. Where the region records
   * something, it gets the lists from `around`; without it, the loops inside begin lists of their own.
   */
  split(region: BlockOf<O>, active: readonly boolean[], around?: OpenTapes): SplitRegion<O>;
  calleeSignature(callee: string): Signature;
  /** Splits a function of the module, of which these arguments are active; `keep` says that it is called as it is, too. */
  splitCall(callee: string, active: readonly boolean[], keep: boolean): SplitCall;
}

/** What the reverse rule of a structured op gives: its results in the forward function, and how cotangents flow back. */
export interface Pullback {
  readonly results: readonly Value[];
  /**
   * Emits the backward operations. From the cotangents of the results it gives pairs: a value of the original function, and
   * what is added to its cotangent. `take` hands over the cotangent that a value has so far, which then has none, so that a
   * loop may add to it in place. `tapes` are the lists onto which the operation recorded; null where the loops around it
   * have none.
   */
  pull(
    cotangents: readonly (Value | null)[],
    take: (value: Value) => Value | null,
    tapes: Tapes | null,
  ): readonly (readonly [Value, Contribution])[];
  /** Whether the operation recorded something: then `pull` runs in any case, since it has to pop what was pushed. */
  readonly records?: boolean;
}

/** What the forward rule of a structured op sees. It emits the operation again, with tangents beside its results. */
export interface ForwardContext<O, A extends Attributes> {
  readonly operation: OperationOf<O, A>;
  /** The operands as the new function has them, and their tangents; null stands for zero. */
  readonly operands: readonly Value[];
  readonly tangents: readonly (Value | null)[];
  /** Emits a region's operations here as they are. */
  inline(region: BlockOf<O>, args: readonly Value[]): readonly Value[];
  /** The region with tangents, of which these arguments have one. Nothing of it is emitted before `finish`. */
  region(region: BlockOf<O>, active: readonly boolean[]): TangentRegion<O>;
  calleeSignature(callee: string): Signature;
  /** The function from a callee's arguments and the tangents of the active ones to its results and their tangents. */
  tangentCall(callee: string, active: readonly boolean[]): TangentCall;
}

/** A region whose block also computes tangents. */
export interface TangentRegion<O> {
  readonly arguments: readonly Value[];
  readonly argumentTangents: readonly (Value | null)[];
  readonly results: readonly Value[];
  /** Null where a result has none. */
  readonly tangents: readonly (Value | null)[];
  /** Finishes the block; `tangent(i)` is the tangent of result i, and zeros where there is none. */
  finish(args: readonly Value[], results: (tangent: (i: number) => Value) => readonly Value[]): BlockOf<O>;
}

/** A function that also computes tangents. */
export interface TangentCall {
  readonly signature: Signature;
  /** For each original result, whether the function gives its tangent, behind all the results. */
  readonly givesTangent: readonly boolean[];
}

/** Results of a structured op in forward mode; null stands for a tangent of zero. */
export interface Tangents {
  readonly results: readonly Value[];
  readonly tangents: readonly (Value | null)[];
}

/**
 * How an op is differentiated. Forward and reverse mode both follow from these facts. A rule emits operations through the
 * current builder, and only those that are differentiable themselves.
 */
export type Derivative<O, A extends Attributes> =
  /** The op works element by element: one partial derivative for each operand, which has the result's shape. */
  | {
      readonly kind: "elementwise";
      /** Of an op that gives the sum of its operands, each times a number: these numbers. */
      readonly coefficients?: readonly number[];
      partials(operands: readonly Value[], result: Value, operation: OperationOf<O, A>): readonly PartialDerivative[];
      /** The tangent of the result, where that is cheaper than the sum of partial derivative · tangent; else null. */
      tangent?(operands: readonly Value[], result: Value, tangents: readonly (Value | null)[]): Value | null;
    }
  /** Linear in the operands listed, taken together (all if left out): the tangent is the op applied to their tangents. */
  | {
      readonly kind: "linear";
      readonly in?: readonly number[];
      transpose(cx: TransposeContext<O, A>): readonly Contribution[];
    }
  /** The op is linear in each of the operands listed (all if left out): its tangent is a sum with one term for each of them. */
  | {
      readonly kind: "multilinear";
      readonly in?: readonly number[];
      transpose(cx: TransposeContext<O, A>): readonly Contribution[];
      /** Of one of the two operands: the axes that are summed over, and the free axes, which only it brings to the result. */
      axes(
        operation: OperationOf<O, A>,
        operand: number,
      ): { readonly summed: readonly number[]; readonly free: readonly number[] };
      /**
       * A value with one element for each of the result, or of the other operand: zero where every element of this operand
       * that it is multiplied with is zero.
       */
      met(operation: OperationOf<O, A>, operand: number, by: "result" | "other"): Value;
    }
  /** Any other op of one result: its VJP and its JVP, from the operands, the result and the (co)tangents. */
  | {
      readonly kind: "rule";
      vjp(cx: TransposeContext<O, A> & { readonly result: Value }): readonly Contribution[];
      /**
       * For an op that multiplies an operand by something: a value with one element for each of the result, which is zero
       * where every element of this operand that the result's element is computed from is zero.
       */
      met?(operation: OperationOf<O, A>, operand: number): Value | null;
      jvp(cx: {
        readonly operation: OperationOf<O, A>;
        readonly operands: readonly Value[];
        readonly result: Value;
        readonly tangents: readonly (Value | null)[];
      }): Value | null;
    }
  /** An op with regions or a callee. */
  | {
      readonly kind: "structured";
      /** Whether each result is active; all of them are where left out. */
      flows?(cx: FlowContext<O, A>): readonly boolean[];
      /** The numbers of the operands in which the op is linear, taken together; not known where left out. */
      linearIn?(operation: OperationOf<O, A>): readonly number[];
      /** Marks what the useful results depend on; where left out, that is every operand and all in the regions. */
      uses?(cx: UseContext<O, A>): void;
      reverse(cx: ReverseContext<O, A>): Pullback;
      forward(cx: ForwardContext<O, A>): Tangents;
    }
  /** The op is piecewise constant or not numeric, so that its derivative is zero (compare, iota, stop_gradient). */
  | { readonly kind: "zero"; readonly reason: string }
  /** The op has no derivative: to ask for it is an error, with this reason. */
  | { readonly kind: "none"; readonly reason: string };

/** For each axis of a tensor, or of each tensor in a list, whether its elements may differ along that axis. */
export type Varies = readonly boolean[];
