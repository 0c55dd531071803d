// Loops that the engine has a function for: fill and copy.

import {
  accessOf,
  addDims,
  type Dim,
  elementDType,
  groupOf,
  indexDim,
  type MemRefType,
  type Operation,
  positionOf,
  productOf,
  sameDim,
  substituteIndices,
  termsOf,
  type Value,
} from "../../ir/index.ts";
import type { Scope } from "./text.ts";
import { type FunctionWriter, isBoolean } from "./writer.ts";

/** A counted loop, with the text of its bounds. */
export interface CountedLoop {
  readonly index: Value | null;
  readonly carry: readonly Value[];
  readonly lower: string;
  readonly upper: string;
  /** The dimension that `upper` spells. */
  readonly end: Dim;
  readonly step: number;
}

/** Up to this many iterations a loop takes no longer than a call. */
const short = 32;

/** The call that replaces a loop; null where there is none. */
export function bulk(w: FunctionWriter, loop: CountedLoop, body: readonly Operation[], scope: Scope): string | null {
  const { index, carry, lower, upper, step } = loop;
  if (index === null || carry.length > 0 || step !== 1 || Number(upper) - Number(lower) <= short) return null;
  const [first, second, ...more] = body.filter(({ op }) => !op.traits.constant);
  if (first === undefined || more.length > 0) return null;
  if (second === undefined) return fill(w, loop, first, index, scope);
  return lower === "0" ? copy(w, upper, [first, second], index, scope) : null;
}

function fill(
  w: FunctionWriter,
  { lower, upper, end }: CountedLoop,
  operation: Operation,
  index: Value,
  scope: Scope,
): string | null {
  const start = accessOf(operation)?.isWritten ? startOf(operation, index) : null;
  const [value] = operation.operands;
  if (start === null || value === index || isBoolean(value.type)) return null;
  const [memory] = groupOf(operation, "memory");
  const base = w.dim(start, scope);
  const from = (bound: string): string => (base === "0" ? bound : bound === "0" ? base : `${base} + ${bound}`);
  // `fill` counts an end below 0 from the end of memory, where the loop would have no iteration
  const isNaturalEnd = (lower === "0" && isNatural(end)) || isNatural(addDims(start, end));
  const to = isNaturalEnd ? from(upper) : `Math.max(0, ${from(upper)})`;
  return `${w.atom(memory, scope)}.fill(${w.atom(value, scope)}, ${from(lower)}, ${to});`;
}

/** Whether a dimension is never below 0, whatever the extents are. */
function isNatural(d: Dim): boolean {
  return termsOf(d).every(({ coefficient, factors }) => coefficient >= 0 && factors.every((f) => f.kind === "symbol"));
}

/** A copy of whole memories. For a range, the view that `set` needs costs more than many elements. */
function copy(
  w: FunctionWriter,
  upper: string,
  [load, store]: readonly [Operation, Operation],
  index: Value,
  scope: Scope,
): string | null {
  if (accessOf(load)?.isWritten !== false || !accessOf(store)?.isWritten) return null;
  if (store.operands[0] !== load.results[0]) return null;
  const [from, to] = [load, store].map((operation) => groupOf(operation, "memory")[0]);
  if (elementDType(from.type) !== elementDType(to.type) || isBoolean(from.type)) return null;
  if (![load, store].every((operation) => startOf(operation, index) === 0)) return null;
  if (w.bound(productOf((from.type as MemRefType).shape), scope) !== upper) return null;
  return `${w.atom(to, scope)}.set(${w.atom(from, scope)});`;
}

/** The position in memory at index 0, if the loop goes on element by element. */
function startOf(operation: Operation, index: Value): Dim | null {
  const access = accessOf(operation);
  if (access === null) return null;
  const position = positionOf(access, operation);
  const start = substituteIndices(position, (v) => (v === index ? 0 : undefined));
  return sameDim(position, addDims(start, indexDim(index))) ? start : null;
}
