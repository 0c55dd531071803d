// What passes may ask of an op instead of naming it.

import type { Dim } from "../types/dim.ts";
import type { Attributes } from "./attribute-spec.ts";
import type { OperationOf } from "./operation.ts";

export interface Traits {
  /** Works element by element on operands of one shape. */
  readonly elementwise: boolean;
  /** op(x, y) and op(y, x) have the same bits. */
  readonly commutative: boolean;
  /** Its value is its attributes alone: folding stops here, AD copies it rather than keep it. */
  readonly constant: boolean;
  /** Resolved by a pass before anything runs (vjp, jvp, vmap). */
  readonly transform: boolean;
  /** A transform that differentiates its function (vjp, jvp) at its first group of operands. */
  readonly differentiates: boolean;
  /** Runs one of two regions without arguments, the first where its only operand is true; gives what that one yields. */
  readonly branches: boolean;
  /** Takes, element by element, operand 1 where operand 0 is true, and operand 2 elsewhere. */
  readonly selects: boolean;
  /** Its first region, on its operands, is all it means; the others tell differentiate how. */
  readonly wraps: boolean;
  /** Computing an element costs no more than reading one from memory. */
  readonly cheap: boolean;
  /** Computing a number again costs no more than to keep it for later: what is cheap, and what takes some cycles more. */
  readonly brief: boolean;
  /** Copies or moves elements without computing: bits are kept, NaN payloads aside. */
  readonly moves: boolean;
}

/** The traits of an op that states none. */
export const noTraits: Traits = Object.freeze({
  elementwise: false,
  commutative: false,
  constant: false,
  transform: false,
  differentiates: false,
  branches: false,
  selects: false,
  wraps: false,
  cheap: false,
  brief: false,
  moves: false,
});

/**
 * How a loop's operands, regions and results go together. What is carried enters every region, and comes back as the first
 * results of the body and of the operation; what the body yields beyond is collected, and no region reads it.
 */
export interface LoopInterface<O, A extends Attributes = Attributes> {
  /** The operand group of what is carried. */
  readonly carried: string;
  /** How many arguments of the body stand before what is carried: the index of `for`. */
  readonly indices: number;
  /** Which region is the body. */
  readonly body: number;
  /** Which region says whether the loop goes on; null where the number of steps is known when it begins. */
  readonly test: number | null;
  /** Whether its steps run in any order, and at once; one after another where left out. */
  readonly anyOrder?: boolean;
  /** The number of steps, where a type or an attribute states it. */
  extent(operation: OperationOf<O, A>): Dim | null;
}
