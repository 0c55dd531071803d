// Sums of products as tiles: packed operands, and a few accumulators of neighbouring elements that one loop carries.
//
// Every element of the result is one accumulator that starts from 0 and takes its products in ascending order of the
// contracted subscripts, so the bits are those of the plain loop. A tile of rows × columns reads each packed element
// once for several products; what the packing reads is read once per element, so producers fuse into it.

import { type Dim, type DType, indexDim, productOf, scalar, type Value, type WholeContext } from "../../ir/index.ts";
import { constant } from "../base/constant.ts";
import { forLoop, load, loopNest } from "../loop/loop.ts";
import { add, mul } from "../scalar/arithmetic.ts";
import { isBelow, nestedLoops } from "../shape/reduce-order.ts";
import { converted, type Padding, packedType, Side } from "./packing.ts";

/**
 * result[batch, row, column] = Σ left[batch, row, depth] · right[batch, column, depth], each of the four a list of axes.
 * Subscripts are given as lists along these.
 */
export interface Contraction {
  readonly dtype: DType;
  readonly batch: readonly Dim[];
  readonly rows: readonly Dim[];
  readonly columns: readonly Dim[];
  readonly depth: readonly Dim[];
  left(batch: readonly Dim[], row: readonly Dim[], depth: readonly Dim[]): Value;
  /** Where the left operand is padding. Only tiles know of it. */
  readonly padding?: Padding;
  right(batch: readonly Dim[], column: readonly Dim[], depth: readonly Dim[]): Value;
  /** The subscript in the result. */
  place(batch: readonly Dim[], row: readonly Dim[], column: readonly Dim[]): readonly Dim[];
  /** Whether neighbours along the depth lie side by side in memory, of the left and of the right operand. */
  readonly depthInside: readonly [boolean, boolean];
}

/** How many neighbouring elements one tile computes. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Measured in V8: with 8 accumulators nothing spills, and f32 reaches half of what f64 does, 16 spill. All shapes are
 * equally fast.
 */
const tiles: readonly Tile[] = [
  { rows: 4, columns: 2 },
  { rows: 2, columns: 4 },
  { rows: 3, columns: 2 },
  { rows: 3, columns: 3 },
];

/** Neighbouring elements that a thin product computes at once, from operands that are not packed. */
const thinWidth = 4;

type Kind = "tiles" | "thin rows" | "thin columns";

/**
 * How the whole result is computed: in tiles; where one side has fewer than four subscripts, so that packing would not
 * pay, several neighbours of the other side at once; null where element by element is as good.
 */
export function contractionKind({
  batch,
  rows,
  columns,
  depth,
}: Pick<Contraction, "batch" | "rows" | "columns" | "depth">): Kind | null {
  if (isBelow(depth, 4) || isBelow([...batch, ...rows, ...columns, ...depth], 512)) return null;
  if (isBelow(rows, 4)) return isBelow(columns, 4) ? null : "thin rows";
  return isBelow(columns, 4) ? "thin columns" : "tiles";
}

/** Writes the whole result. */
export function lowerContraction(cx: WholeContext, c: Contraction): void {
  const kind = c.padding === undefined ? contractionKind(c) : "tiles";
  if (kind === "thin rows") lowerThin(cx, flipped(c));
  else if (kind === "thin columns") lowerThin(cx, c);
  else lowerTiles(cx, c);
}

/** The same with the sides exchanged. */
function flipped(c: Contraction): Contraction {
  return {
    ...c,
    rows: c.columns,
    columns: c.rows,
    left: c.right,
    right: c.left,
    place: (batch, row, column) => c.place(batch, column, row),
    depthInside: [c.depthInside[1], c.depthInside[0]],
  };
}

/**
 * Tiles over packed operands: all of the right one, and of the left one panel after panel. Where the depth is long, a part
 * of it at a time, so that what is packed stays in the cache: the result holds the sums so far. An operand whose panels are
 * each read once, since the other has one panel, is read where it is.
 */
function lowerTiles(cx: WholeContext, c: Contraction): void {
  const [rowAxis, columnAxis] = [tiledAxis(c.rows), tiledAxis(c.columns)];
  const tile = chooseTile(c.rows[rowAxis], c.columns[columnAxis]);
  const [parts, depth] = partsOfDepth(c.depth);
  const common = { dtype: c.dtype, depth };
  const [leftInside, rightInside] = c.depthInside;
  const left = new Side(cx, {
    ...common,
    name: "left",
    extents: c.rows,
    axis: rowAxis,
    width: tile.rows,
    isDepthInside: leftInside,
  });
  const right = new Side(cx, {
    ...common,
    name: "right",
    extents: c.columns,
    axis: columnAxis,
    width: tile.columns,
    isDepthInside: rightInside,
  });
  const isReadOnce = (other: Side): boolean => depth.length === 1 && other.panels.every((d) => d === 1);
  const packedRight = isReadOnce(left) ? null : right.scratch(right.panels);
  const packedLeft = isReadOnce(right) && c.padding === undefined ? null : left.scratch([]);
  loopNest(c.batch, ["b"], (batch) => {
    if (parts.length > 0) clear(cx, c, batch);
    loopNest(parts, ["p"], (part) => {
      const ofRight = (at: readonly Dim[], k: readonly Dim[]): Value => c.right(batch, at, [...part, ...k]);
      const ofLeft = (at: readonly Dim[], k: readonly Dim[]): Value => c.left(batch, at, [...part, ...k]);
      const padding = c.padding && {
        ...c.padding,
        conditions: (at: readonly Dim[], k: readonly Dim[]) => c.padding?.conditions(at, [...part, ...k]) ?? [],
      };
      if (packedRight !== null)
        right.everyPanel((panel) => right.pack(packedRight, panel, panel, { element: ofRight }));
      left.everyPanel((rowPanel) => {
        if (packedLeft !== null) left.pack(packedLeft, [], rowPanel, { element: ofLeft, padding });
        right.everyPanel((columnPanel) => {
          const [rows, columns] = [left.rowsWithin(rowPanel), right.rowsWithin(columnPanel)];
          const zero = zeroOf(c);
          const start = (at: readonly Dim[]): Value => (parts.length > 0 ? cx.written(at) : zero);
          const starts = rows.flatMap((row) => columns.map((column) => start(c.place(batch, row, column))));
          const sums = multiply(
            c,
            depth,
            starts,
            packedLeft === null ? direct(c, rows, ofLeft) : packed(packedLeft, [], tile.rows),
            packedRight === null ? direct(c, columns, ofRight) : packed(packedRight, columnPanel, tile.columns),
          );
          left.inside(rowPanel, (row, r) => {
            right.inside(columnPanel, (column, s) => cx.write(c.place(batch, row, column), sums[r * tile.columns + s]));
          });
        });
      });
    });
  });
}

function zeroOf({ dtype }: Contraction): Value {
  return constant(0, scalar(dtype));
}

function clear(cx: WholeContext, c: Contraction, batch: readonly Dim[]): void {
  const zero = zeroOf(c);
  loopNest(c.rows, ["i"], (row) => loopNest(c.columns, ["j"], (column) => cx.write(c.place(batch, row, column), zero)));
}

/** As much of the depth as is packed at a time, and an extent taken for one that is not known. */
const [longestPart, usualExtent] = [4096, 64];

/** The outer axes of a long depth, one step of which is a part, and the inner ones. */
function partsOfDepth(depth: readonly Dim[]): readonly [readonly Dim[], readonly Dim[]] {
  const guess = (axes: readonly Dim[]): number =>
    axes.reduce<number>((n, d) => n * (typeof d === "number" ? d : usualExtent), 1);
  let split = 0;
  while (split < depth.length - 1 && guess(depth.slice(split)) > longestPart) split++;
  return [depth.slice(0, split), depth.slice(split)];
}

/** Few columns. Where rows lie across memory, all of them are combined with the result; else a few are summed at once. */
function lowerThin(cx: WholeContext, c: Contraction): void {
  const lower = c.depthInside[0] ? sumRows : addToRows;
  loopNest(c.batch, ["b"], (batch) => {
    loopNest(c.columns, ["j"], (column) => lower(cx, c, batch, column));
  });
}

function addToRows(cx: WholeContext, c: Contraction, batch: readonly Dim[], column: readonly Dim[]): void {
  const zero = constant(0, scalar(c.dtype));
  loopNest(c.rows, ["i"], (row) => cx.write(c.place(batch, row, column), zero));
  loopNest(c.depth, ["k"], (k) => {
    const factor = c.right(batch, column, k);
    loopNest(c.rows, ["i"], (row) => {
      const at = c.place(batch, row, column);
      cx.write(at, add(cx.written(at), mul(c.left(batch, row, k), factor)));
    });
  });
}

function sumRows(cx: WholeContext, c: Contraction, batch: readonly Dim[], column: readonly Dim[]): void {
  const { dtype, depth } = c;
  const shape = { extents: c.rows, axis: tiledAxis(c.rows), width: thinWidth, isDepthInside: true };
  const side = new Side(cx, { name: "left", dtype, depth, ...shape });
  const zero = constant(0, scalar(c.dtype));
  side.everyPanel((panel) => {
    const rows = side.rowsWithin(panel);
    const step = (k: readonly Dim[], sums: readonly Value[]): readonly Value[] => {
      const factor = c.right(batch, column, k);
      return sums.map((sum, r) => add(sum, mul(c.left(batch, rows[r], k), factor)));
    };
    const zeros = rows.map(() => zero);
    const sums = nestedLoops(c.depth, zeros, step);
    side.inside(panel, (row, r) => cx.write(c.place(batch, row, column), sums[r]));
  });
}

/** The axis along which a tile has several elements: the last of several large enough for any, else the largest. */
function tiledAxis(extents: readonly Dim[]): number {
  const size = (d: Dim): number => Math.min(16, typeof d === "number" ? d : 16);
  return extents.reduce<number>((best, d, axis) => (size(d) >= size(extents[best]) ? axis : best), 0);
}

/** The tile that computes the fewest elements outside of the result. */
function chooseTile(rows: Dim, columns: Dim): Tile {
  const padded = (extent: Dim, by: number): number => (typeof extent === "number" ? Math.ceil(extent / by) * by : 1);
  const computed = (t: Tile): number => padded(rows, t.rows) * padded(columns, t.columns);
  return tiles.reduce((best, t) => (computed(t) < computed(best) ? t : best));
}

/** The neighbours in one panel of an operand, at a place along the depth. */
type Neighbours = (k: Dim) => readonly Value[];

function packed(memory: Value, panel: readonly Dim[], width: number): Neighbours {
  return (k) => Array.from({ length: width }, (_, r) => load(memory, [...panel, k, r]));
}

function direct(
  { dtype }: Contraction,
  subscripts: readonly (readonly Dim[])[],
  element: (at: readonly Dim[], k: readonly Dim[]) => Value,
): Neighbours {
  return (k) => subscripts.map((at) => converted(element(at, [k]), packedType(dtype)));
}

/** The sums of one tile, row by row. */
function multiply(
  { dtype }: Contraction,
  depth: readonly Dim[],
  starts: readonly Value[],
  left: Neighbours,
  right: Neighbours,
): readonly Value[] {
  const step = (k: Value, ...acc: Value[]): readonly Value[] => {
    const [rows, columns] = [left(indexDim(k)), right(indexDim(k))];
    const product = (i: number): Value => mul(rows[Math.floor(i / columns.length)], columns[i % columns.length]);
    return acc.map((sum, i) => add(sum, converted(product(i), dtype)));
  };
  return forLoop(0, productOf(depth), 1, starts, step, ["k", ...starts.map(() => "acc")]);
}
