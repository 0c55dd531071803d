// Where heavy blocks are cut: the ends of their parts.

import type { Block, Operation } from "../../../src/ir/index.ts";
import { weightOf } from "../analyses/weights.ts";

/** For each block that is cut, the position behind the last operation of each part. */
export type Cuts = ReadonlyMap<Block, readonly number[]>;

/** Cuts the blocks that are heavier than `heaviest`, those inside first: then what remains may be light enough. */
export function cutsOf(body: Block, heaviest: number): Cuts {
  const cuts = new Map<Block, readonly number[]>();
  /** The weight that remains in place. */
  const cut = (block: Block): number => {
    const weights = block.operations.map(weigh);
    const total = weights.reduce((sum, w) => sum + w, 0);
    if (total <= heaviest) return total;
    const ends = endsOf(weights, heaviest);
    cuts.set(block, ends);
    return ends.length;
  };
  const weigh = (operation: Operation): number => operation.regions.reduce((w, r) => w + cut(r), weightOf(operation));
  cut(body);
  return cuts;
}

/** Parts are as long as they may be. */
function endsOf(weights: readonly number[], heaviest: number): readonly number[] {
  const ends: number[] = [];
  let start = 0;
  let weight = 0;
  for (const [i, w] of weights.entries()) {
    if (weight + w > heaviest && i > start) {
      ends.push(i);
      start = i;
      weight = 0;
    }
    weight += w;
  }
  return [...ends, weights.length];
}
