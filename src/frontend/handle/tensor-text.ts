// A concrete tensor as text, laid out as NumPy does: a row a line, columns aligned, and of many elements the first and last.

import { type NdArray, printNumber, sizeOf } from "../../ir/index.ts";

/** More elements than these are cut, to so many at either end of each axis. */
const most = 1000;
const atEnds = 3;
/** Where a row goes on in the next line. */
const lineWidth = 100;
const cut = "…";

/** The elements in brackets; lines after the first are indented by so many columns. */
export function elementsText(array: NdArray, indent: number): string {
  const { shape } = array;
  const size = sizeOf(shape);
  // in an empty tensor, no brackets say more than the shape does
  if (size === 0) return "[]";
  const shown = shape.map((extent) => indices(extent, size > most));
  const cells = cellsOf(array, shown);
  if (shape.length === 0) return cells[0];
  const width = shape.length === 1 ? 0 : Math.max(...cells.map((cell) => cell.length));
  let next = 0;
  const part = (axis: number, column: number): string => {
    const at = shown[axis];
    if (axis === shape.length - 1)
      return row(
        at.map((i) => (i === null ? cut : cells[next++].padStart(width))),
        column,
      );
    const parts = at.map((i) => (i === null ? cut : part(axis + 1, column + 1)));
    return `[${parts.join(`,${"\n".repeat(shape.length - 1 - axis)}${" ".repeat(column + 1)}`)}]`;
  };
  return part(0, indent);
}

/** The indices of an axis that are shown; null for those that are left out. */
function indices(extent: number, isCut: boolean): readonly (number | null)[] {
  const all = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  if (!isCut || extent <= 2 * atEnds) return all(0, extent);
  return [...all(0, atEnds), null, ...all(extent - atEnds, extent)];
}

/** The elements that are shown, in order: of a large tensor no others are looked at. */
function cellsOf({ dtype, shape, data }: NdArray, shown: readonly (readonly (number | null)[])[]): readonly string[] {
  let offsets = [0];
  for (const [axis, at] of shown.entries()) {
    const known = at.filter((i) => i !== null);
    offsets = offsets.flatMap((offset) => known.map((i) => offset * shape[axis] + i));
  }
  return offsets.map((offset) => {
    const x = data[offset];
    // NaN and the infinities as JavaScript spells them
    return Number.isFinite(x) ? printNumber(x, dtype) : String(x);
  });
}

/** A row in brackets, which goes on in the next line where it is long. */
function row(cells: readonly string[], column: number): string {
  const lines: string[] = [];
  let line = "";
  for (const [i, cell] of cells.entries()) {
    const text = i === cells.length - 1 ? cell : `${cell},`;
    if (line !== "" && column + 1 + line.length + 1 + text.length > lineWidth) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? text : `${line} ${text}`;
  }
  return `[${[...lines, line].join(`\n${" ".repeat(column + 1)}`)}]`;
}
