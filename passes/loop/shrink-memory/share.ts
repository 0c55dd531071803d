// Memory in place of other memory: what is last read where an element of a result is written, at the same subscripts, may
// stand in the result until then.

import { type Block, type Dim, sameDim, sameType, type Value } from "../../../src/ir/index.ts";
import { countedLoop } from "../analyses/counted.ts";
import { isIndexOf, type MemoryUse, type Step } from "./uses.ts";

/** A store, and the memory that it is to. */
export interface Store {
  readonly memory: Value;
  readonly use: MemoryUse;
}

/** The stores that one region holds itself, for those that nothing but loops stands around. */
export type StoresIn = ReadonlyMap<Block, readonly Store[]>;

/**
 * The memory that another one may stand in, given their uses: it is written behind every use of the other, all of it in one
 * nest, and nothing uses it before.
 */
export function hostOf(
  memory: Value,
  uses: readonly MemoryUse[],
  stores: StoresIn,
  usesOf: (memory: Value) => readonly MemoryUse[] | null,
): Value | null {
  const last = uses[uses.length - 1];
  const region = last?.path[last.path.length - 1]?.region;
  if (last === undefined || last.isWritten || region === undefined) return null;
  for (const { memory: host, use } of stores.get(region) ?? []) {
    if (use.position < last.position || !sameType(host.type, memory.type)) continue;
    if (!writesAll(use, host) || !uses.every((other) => isInStep(other, use))) continue;
    const others = usesOf(host)?.filter((other) => other !== use);
    if (others?.every((other) => other.position > use.position && isInStep(other, use)) === true) return host;
  }
  return null;
}

/** Whether a use, in the loops that it has in common with a store, is of the part of memory that is their iteration's own. */
function isInStep(use: MemoryUse, store: MemoryUse): boolean {
  return store.path.every((step, k) => {
    const isCommon = store.path.slice(0, k + 1).every(({ region }, i) => use.path[i]?.region === region);
    return !isCommon || isIndexOf(use.at[k], step);
  });
}

/** Whether the loops around a store, one for each axis, have it write every element once. */
function writesAll({ at, path }: MemoryUse, { type }: Value): boolean {
  if (type.kind !== "memref" || path.length !== type.shape.length) return false;
  const { shape } = type;
  return path.every((step, k) => isIndexOf(at[k], step) && runsOver(step, shape[k]));
}

function runsOver({ operation }: Step, extent: Dim): boolean {
  const loop = countedLoop(operation);
  return loop !== null && loop.lower === 0 && loop.step === 1 && sameDim(loop.upper, extent);
}
