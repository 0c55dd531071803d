// Array contraction: memory that each iteration of a loop uses for itself needs no axis of the loop's index.

import { type Dim, type MemRefType, memref, type Value } from "../../../src/ir/index.ts";
import { isIndexOf, type MemoryUse, type Step } from "./uses.ts";

/** The axes that are left of memory. */
export interface Contraction {
  readonly type: MemRefType;
  readonly axes: readonly number[];
}

/**
 * Without the axes along which every use in a loop is at the loop's own index: what an iteration reads, it has written, as
 * memory that holds anything at first is read only where it was written. One axis is left; null where all are.
 */
export function contractionOf(memory: Value, uses: readonly MemoryUse[]): Contraction | null {
  const { type } = memory;
  if (type.kind !== "memref" || type.shape.length === 0 || uses.length === 0) return null;
  const dropped = new Set<number>();
  for (const step of commonSteps(uses)) {
    // iterations that run at once have memory each
    if (step.operation.op.loop?.anyOrder === true) break;
    const axis = type.shape.findIndex((_, k) => !dropped.has(k) && uses.every(({ at }) => isIndexOf(at[k], step)));
    if (axis < 0) break;
    dropped.add(axis);
  }
  const axes = type.shape.flatMap((_, k) => (dropped.has(k) ? [] : [k]));
  if (axes.length === 0) axes.push(type.shape.length - 1);
  return axes.length === type.shape.length ? null : { type: memref(type.dtype, pick(type.shape, axes)), axes };
}

function pick(dims: readonly Dim[], axes: readonly number[]): readonly Dim[] {
  return axes.map((k) => dims[k]);
}

/** The regions around all uses. */
function commonSteps([first, ...others]: readonly MemoryUse[]): readonly Step[] {
  let count = first.path.length;
  for (const { path } of others) {
    let k = 0;
    while (k < count && path[k]?.region === first.path[k].region) k++;
    count = k;
  }
  return first.path.slice(0, count);
}
