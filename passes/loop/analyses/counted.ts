// Loops with a number of steps that is known when they begin, and how many steps that are.

import {
  asAtom,
  type Block,
  boundBy,
  calleeOf,
  carriedIn,
  type Dim,
  loopOf,
  type Operation,
  subDims,
  type Value,
} from "../../../src/ir/index.ts";
import { elementsWritten, type ForAttributes } from "../../../src/ops/index.ts";

/** `for` or `parallel`, or a scan without sequences, which has no index. */
export interface CountedLoop {
  readonly operation: Operation;
  readonly index: Value | null;
  readonly carry: readonly Value[];
  readonly inits: readonly Value[];
  readonly body: Block;
  /** The bounds are over index values. */
  readonly lower: Dim;
  readonly upper: Dim;
  readonly step: number;
}

/** Whether an operation runs its region for each of some index values. */
export function isOverIndices(operation: Operation): operation is Operation<ForAttributes> {
  return operation.op.assembly.some(({ kind }) => kind === "range");
}

/** The operation as a counted loop; null of any other. */
export function countedLoop(operation: Operation): CountedLoop | null {
  const loop = loopOf(operation);
  if (loop === null || loop.test !== null) return null;
  const { body, inits } = loop;
  const shared = { operation, carry: carriedIn(loop, body), inits, body };
  if (isOverIndices(operation)) {
    const { lower, upper, step } = operation.attributes;
    const bound = (d: Dim): Dim => boundBy(d, operation, "bounds");
    return { ...shared, index: body.arguments[0], lower: bound(lower), upper: bound(upper), step };
  }
  const isPlain = operation.operands.length === inits.length && operation.results.length === inits.length;
  if (!isPlain || loop.extent === null) return null;
  return { ...shared, index: null, lower: 0, upper: loop.extent, step: 1 };
}

/** The number of steps of all loops in a block, at least 1; infinite where that is unknown. */
export function stepsIn(block: Block): number {
  const steps = block.operations.map((operation) => {
    const { op, regions } = operation;
    // what is called is long enough
    if (calleeOf(operation) !== null) return Infinity;
    if (regions.length === 0) return mostOf(elementsWritten(operation), 0);
    if (op.traits.branches) return Math.max(...regions.map(stepsIn)) - 1;
    const loop = op.loop?.indices === 1 ? countedLoop(operation) : null;
    if (loop === null) return Infinity;
    const own = mostSteps(loop);
    return own === 0 ? 0 : own * stepsIn(loop.body);
  });
  return Math.max(
    1,
    steps.reduce((a, b) => a + b, 0),
  );
}

/** An upper bound of a loop's own steps. */
export function mostSteps({ lower, upper, step }: CountedLoop): number {
  return Math.max(0, mostOf(upper, lower)) / step;
}

/** An upper bound of `upper - lower`. */
function mostOf(upper: Dim, lower: Dim): number {
  const difference = subDims(upper, lower);
  if (typeof difference === "number") return difference;
  const atom = asAtom(upper);
  return atom?.kind === "min" ? Math.min(...atom.arguments.map((d) => mostOf(d, lower))) : Infinity;
}
