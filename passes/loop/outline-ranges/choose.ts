// Which loops run in ranges, and how long these are.

import { addDims, type Block, boundBy, type Dim, indicesOf, isScalar, type Operation } from "../../../src/ir/index.ts";
import { elementsWritten } from "../../../src/ops/index.ts";
import type { FunctionFigures } from "../../../src/target/index.ts";
import { type CountedLoop, isOverIndices, mostSteps, stepsIn } from "../analyses/counted.ts";
import { isHeavy } from "../analyses/weights.ts";

/** How many steps of a loop one call runs. */
export type RangeLength =
  | { readonly kind: "known"; readonly steps: number }
  /** As many as make about `steps` of the inner loops, which have `inner` each time. */
  | { readonly kind: "open"; readonly steps: number; readonly inner: Dim };

/**
 * The range of one call, so that the loops inside come to about a chunk of steps; null where the loop stays as it is, since
 * it is short, an inner loop runs in ranges instead, or its body is heavy, and will be cut into functions itself. A tuple of
 * carried numbers is worth its allocation only outside of regions; a loop inside others that would need one is in the
 * function of the loop around it.
 */
export function rangeOf(loop: CountedLoop, isInside: boolean, limits: FunctionFigures): RangeLength | null {
  const { heaviest, chunk, short, long } = limits;
  const hasTuple = loop.carry.length > 1;
  if ((hasTuple && isInside) || isHeavy(loop.body, heaviest)) return null;
  const inner = stepsIn(loop.body);
  if (mostSteps(loop) * inner <= short) return null;
  if (inner > chunk) return carriesTuples(loop.body) ? rangeOfLong(loop.body, chunk) : null;
  if (inner >= long) return { kind: "known", steps: 1 };
  // a tuple of carried numbers costs as much as hundreds of steps
  return { kind: "known", steps: Math.max(1, Math.floor(((hasTuple ? 4 : 1) * chunk) / inner)) };
}

/** Whether a loop directly in the block carries several values, and so is not outlined itself. */
function carriesTuples({ operations }: Block): boolean {
  return operations.some((operation) => isOverIndices(operation) && operation.results.length > 1);
}

/** The range of a loop whose inner loops have more steps than a chunk, or a number known only at run time. */
function rangeOfLong(body: Block, chunk: number): RangeLength {
  const lengths = body.operations.flatMap(openLength);
  if (lengths.length === 0) return { kind: "known", steps: 1 };
  return { kind: "open", steps: chunk, inner: lengths.reduce(addDims) };
}

/** The length of an inner loop, of a fill or a copy, where that is over symbols alone. */
function openLength(operation: Operation): readonly Dim[] {
  const upper = isOverIndices(operation)
    ? boundBy(operation.attributes.upper, operation, "bounds")
    : elementsWritten(operation);
  return typeof upper !== "number" && indicesOf([upper]).size === 0 ? [upper] : [];
}

/** Whether the carried values are all numbers. */
export function areNumbers({ carry }: CountedLoop): boolean {
  return carry.every((v) => isScalar(v.type));
}
