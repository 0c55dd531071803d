// How a contraction is computed, by its extents: for the pass that cuts it into loops, and for those that ask before whether
// it will be one.

import type { Dim } from "../../../src/ir/index.ts";
import { isBelow } from "../../../src/ops/index.ts";
import { type ContractionFigures, javascript } from "../../../src/target/index.ts";

/** What of a contraction decides how it is computed. */
export interface ContractionShape {
  readonly batch: readonly Dim[];
  readonly rows: readonly Dim[];
  readonly columns: readonly Dim[];
  readonly depth: readonly Dim[];
  /** Whether elements of the left operand are those under a moving window, which several sums have in common. */
  readonly slides: boolean;
}

/** In tiles; several neighbours of the longer side at once, where the other is thin; or element by element. */
export type ContractionKind = "tiles" | "thin rows" | "thin columns" | "plain";

export function contractionKind(
  { batch, rows, columns, depth, slides }: ContractionShape,
  { least, thin, windows }: ContractionFigures = javascript.contraction,
): ContractionKind {
  if (isBelow(depth, least.depth) || isBelow([...batch, ...rows, ...columns, ...depth], least.all)) return "plain";
  if (slides) return isBelow(rows, windows.rows) || isBelow(columns, windows.columns) ? "plain" : "tiles";
  const areFewColumns = isBelow(columns, thin);
  if (isBelow(rows, thin)) return areFewColumns ? "plain" : "thin rows";
  return areFewColumns ? "thin columns" : "tiles";
}
