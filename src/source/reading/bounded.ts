// The size of tuples and objects: finite, and not larger than anyone means.

import type { AbstractValue, Cell } from "../state/abstract-value.ts";
import type { Reading } from "./reading.ts";

/** Nested fields count as often as they are held: a few lines that hold one another twice are exponentially many. */
const most = 100_000;

/** Fails where a tuple or object holds itself, or too much. */
export function requireBounded(cx: Reading, m: AbstractValue, at: number): void {
  if (m.kind !== "reference" || m.cell.kind === "array") return;
  const size = sizeOf(cx, m.cell, new Map());
  if (size > most) {
    const what = Number.isFinite(size) ? `more than ${most} values, those within counted` : "itself";
    cx.fail("unsupported", at, `a tuple or object holds ${what}`, "use arrays of numbers, and their indices");
  }
}

/** The number of values in a cell; infinite where it holds itself. */
function sizeOf(cx: Reading, cell: Cell, sizes: Map<Cell, number>): number {
  if (cell.kind === "array") return 1;
  const known = sizes.get(cell);
  if (known !== undefined) return known;
  // a cell that is reached again while it is counted holds itself
  sizes.set(cell, Number.POSITIVE_INFINITY);
  let size = 0;
  for (const field of cell.fields.values()) {
    const held = cx.state.peek(field);
    size += held?.kind === "reference" ? sizeOf(cx, held.cell, sizes) : 1;
  }
  sizes.set(cell, size);
  return size;
}
