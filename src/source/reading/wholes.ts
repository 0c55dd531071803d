// How much a tuple or object holds in all: nothing without end, and not more than anyone means.

import type { Cell, Meaning } from "../state/meaning.ts";
import type { Reading } from "./reading.ts";

/** Parts of parts counted as often as they are held: a few lines that hold one another twice are exponentially many. */
const most = 100_000;

/** Fails where a tuple or object holds itself, or too much. */
export function requireWhole(x: Reading, m: Meaning, at: number): void {
  if (m.kind !== "reference" || m.cell.kind === "array") return;
  const size = sizeOf(x, m.cell, new Map());
  if (size > most) {
    const what = Number.isFinite(size) ? `more than ${most} values, those within counted` : "itself";
    x.fail("unsupported", at, `a tuple or object holds ${what}`, "use arrays of numbers, and their indices");
  }
}

/** Infinity where it has no end. */
function sizeOf(x: Reading, cell: Cell, sizes: Map<Cell, number>): number {
  if (cell.kind === "array") return 1;
  const known = sizes.get(cell);
  if (known !== undefined) return known;
  // met again before it is counted, it is within itself
  sizes.set(cell, Number.POSITIVE_INFINITY);
  let size = 0;
  for (const field of cell.fields.values()) {
    const held = x.state.peek(field);
    size += held?.kind === "reference" ? sizeOf(x, held.cell, sizes) : 1;
  }
  sizes.set(cell, size);
  return size;
}
