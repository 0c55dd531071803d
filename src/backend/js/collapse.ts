// Loop collapsing: a perfect nest that walks all of its memory in row-major order becomes one loop.

import {
  accessOf,
  addDims,
  type Block,
  type Dim,
  indexDim,
  mulDims,
  type Operation,
  sameDim,
  substituteIndices,
  type Value,
} from "../../ir/index.ts";
import type { FunctionWriter } from "./writer.ts";

export interface CollapsedNest {
  /** The innermost loop, whose index runs over all elements. */
  readonly inner: Operation;
  /** The indices of the other loops, which are 0 in every subscript. */
  readonly outer: readonly Value[];
  readonly upper: Dim;
}

/** The loop that replaces a nest; null where some subscript is not the row-major position. */
export function collapse(w: FunctionWriter, operation: Operation): CollapsedNest | null {
  const loops = perfectNest(operation);
  if (loops.length < 2) return null;
  const inner = loops[loops.length - 1];
  const indices = loops.map((o) => o.regions[0].arguments[0]);
  const uppers = loops.map((o) => o.attributes.upper as Dim);
  const flat = indices.reduce<Dim>((d, index, k) => addDims(mulDims(d, uppers[k]), indexDim(index)), 0);
  const last = indices[indices.length - 1];
  const outer = indices.slice(0, -1);
  const isInOrder = (p: Dim): boolean => sameDim(replace(replace(p, outer, 0), [last], flat), p);
  if (!readsInOrder(w, inner.regions[0], new Set(indices), isInOrder)) return null;
  return { inner, outer, upper: uppers.reduce(mulDims, 1) };
}

/** The loops of a perfect nest: from 0 by 1, without carried values, each the only operation of the one around it. */
function perfectNest(operation: Operation): readonly Operation[] {
  const loops: Operation[] = [];
  for (let next: Operation | null = operation; next !== null; next = onlyOperation(next.regions[0])) {
    const { op, attributes, operands } = next;
    if (op.loop?.indices !== 1 || operands.length > 0 || attributes.lower !== 0 || attributes.step !== 1) break;
    loops.push(next);
  }
  return loops;
}

function onlyOperation({ operations }: Block): Operation | null {
  return operations.length === 1 ? operations[0] : null;
}

/** Whether every load and store is at a row-major position, and no index has another use. */
function readsInOrder(
  w: FunctionWriter,
  { operations }: Block,
  indices: ReadonlySet<Value>,
  isInOrder: (position: Dim) => boolean,
): boolean {
  return operations.every((operation) => {
    const { operands, regions } = operation;
    const access = accessOf(operation);
    if (access !== null) return isInOrder(w.positionOf(access, operation));
    return !operands.some((v) => indices.has(v)) && regions.every((r) => readsInOrder(w, r, indices, isInOrder));
  });
}

function replace(d: Dim, indices: readonly Value[], by: Dim): Dim {
  return substituteIndices(d, (v) => (indices.includes(v) ? by : undefined));
}
