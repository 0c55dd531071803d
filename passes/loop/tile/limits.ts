// How contractions are cut for JavaScript: figures measured in V8.

import type { DType } from "../../../src/ir/index.ts";

/** How many neighbouring elements one tile computes. */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
}

export const limits = {
  /** With 8 accumulators nothing spills, and f32 reaches half of what f64 does, 16 spill. All shapes are equally fast. */
  tiles: [
    { rows: 4, columns: 2 },
    { rows: 2, columns: 4 },
    { rows: 3, columns: 2 },
    { rows: 3, columns: 3 },
  ] satisfies readonly TileShape[],
  /** Neighbouring elements that a thin product computes at once, from operands that are not packed. */
  thinWidth: 4,
  /** As much of the depth as is packed at a time, so that it stays in the cache. */
  longestPart: 4096,
  /** An extent taken for one that is not known. */
  usualExtent: 64,
  /** The most operations of an element that is computed where it is read, rather than packed. */
  direct: 16,
  /** f32 is packed as f64: products are exact there, so one rounding gives the same bits, and loads need no conversion. */
  packedType: (dtype: DType): DType => (dtype === "f32" ? "f64" : dtype),
};
