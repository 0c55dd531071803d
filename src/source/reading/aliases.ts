// Aliases: which variables hold the same array or object. A cell that may be one of several is never written to.

import type { AbstractValue, Cell } from "../state/abstract-value.ts";
import type { Location } from "../state/location.ts";
import type { Reading } from "./reading.ts";

/**
 * `merged` may be any of `cells` from here on. A write to it would reach the others only on some paths, so where one of
 * them has another alias, both it and `merged` are frozen.
 */
export function freezeAliases(cx: Reading, cells: readonly Cell[], merged: Cell, variable: Location): void {
  for (const cell of cells) {
    const alias = aliasOf(cx, cell, variable);
    if (alias === null && cell.frozen === null) continue;
    merged.frozen ??= cell.frozen ?? `it may be '${alias}', depending on what happened before`;
    cell.frozen ??= `'${variable.name}' may be it, depending on what happened before`;
  }
}

/** The name of a variable other than `except` that reaches the cell. */
export function aliasOf(cx: Reading, cell: Cell, except: Location): string | null {
  if (cell.kind === "array" && cell.parameter !== null) return cell.contents.name;
  const searched = new Set<Cell>();
  for (const [location, m] of cx.state.entries())
    if (!location.isField && location !== except && reaches(cx, m, cell, searched)) return location.name;
  return null;
}

/** Whether the cell can be reached from the value; `searched` collects the cells that do not reach it. */
function reaches(cx: Reading, m: AbstractValue | undefined, cell: Cell, searched: Set<Cell>): boolean {
  if (m?.kind !== "reference" || searched.has(m.cell)) return false;
  if (m.cell === cell) return true;
  searched.add(m.cell);
  if (m.cell.kind === "array") return false;
  return [...m.cell.fields.values()].some((f) => reaches(cx, cx.state.peek(f), cell, searched));
}
