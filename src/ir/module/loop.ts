// Loops, whichever op they are of: what is carried, and the regions that run again and again.

import { sliced } from "../data/sliced.ts";
import type { Value } from "../data/value.ts";
import type { Block, Operation } from "../op/op.ts";
import type { Dim } from "../types/dim.ts";
import { segmentOf } from "./module.ts";

/** An operation that repeats a region. */
export interface Loop {
  readonly operation: Operation;
  /** How many values are carried; the results beyond are collected. */
  readonly count: number;
  /** Where among the operands the carried ones begin, and where among the arguments of the body. */
  readonly firstOperand: number;
  readonly firstArgument: number;
  /** What is carried, as it enters the first step. */
  readonly inits: readonly Value[];
  readonly body: Block;
  /** The region that says whether the loop goes on; null where the number of steps is known when it begins. */
  readonly test: Block | null;
  /** The number of steps, where a type or an attribute states it. */
  readonly extent: Dim | null;
}

/** The operation as a loop; null of any other. */
export function loopOf(operation: Operation): Loop | null {
  const { loop } = operation.op;
  if (loop === null) return null;
  const [start, count] = segmentOf(operation, loop.carried);
  return {
    operation,
    count,
    firstOperand: start,
    firstArgument: loop.indices,
    inits: sliced(operation.operands, start, start + count),
    body: operation.regions[loop.body],
    test: loop.test === null ? null : operation.regions[loop.test],
    extent: loop.extent(operation),
  };
}

/** The arguments of one of the loop's regions that hold what is carried. */
export function carriedIn({ firstArgument, count }: Loop, region: Block): readonly Value[] {
  return sliced(region.arguments, firstArgument, firstArgument + count);
}
