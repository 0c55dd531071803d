// Sums of products as tiles: packed operands, and a few accumulators of neighbouring elements that one loop carries.
//
// Every element of the result is one accumulator that starts from 0 and takes its products in ascending order of the
// contracted subscripts, so the bits are those of the plain loop. A tile of rows × columns reads each packed element
// once for several products; what the packing reads is read once per element, so producers fuse into it.

import { type Dim, type DType, indexDim, memref, productOf, type Value } from "../../../src/ir/index.ts";
import { add, forLoop, load, loopNest, mul, store } from "../../../src/ops/index.ts";
import type { ContractionFigures } from "../../../src/target/index.ts";
import type { Along, Contraction, Reading } from "./contraction.ts";
import { converted, Side, type Source } from "./packing.ts";
import { type EverySum, packedType, partialSums, type TilingContext, zeroOf } from "./sums.ts";

type TileShape = ContractionFigures["tiles"][number];

/** How one operand gets to the tiles: packed all at once, panel after panel, or read where it is. */
type Packing = { readonly kind: "all" | "panel"; readonly memory: Value } | { readonly kind: "direct" };

/**
 * Tiles over packed operands: all of the right one, and of the left one panel after panel. Where the depth is long, a part
 * of it at a time, so that what is packed stays in the cache: memory holds the sums so far. An operand whose panels are
 * each read once, since the other has one panel, is read where it is, or packed panel after panel.
 */
export function lowerTiles(c: Contraction, { scratch, figures }: TilingContext): void {
  const [parts, depth] = partsOfDepth(c.depth, figures);
  const [left, right] = sidesOf(c, depth, figures);
  const type = packedType(c.dtype, figures);
  const isDirect = ({ weight }: Reading, other: Side): boolean => isReadOnce(depth, other) && weight <= figures.direct;
  const ofRight: Packing = isDirect(c.right, left)
    ? { kind: "direct" }
    : isReadOnce(depth, left)
      ? { kind: "panel", memory: right.memory(scratch, []) }
      : { kind: "all", memory: right.memory(scratch, right.panels) };
  const ofLeft: Packing =
    isDirect(c.left, right) && c.padding === null && !c.slides
      ? { kind: "direct" }
      : { kind: "panel", memory: left.memory(scratch, []) };
  // what takes many operations stands once, in a loop over the sums of a panel
  const isLong = parts.length === 0 && c.resultWeight > figures.unrolled;
  const panel = isLong ? scratch(memref(c.dtype, [left.width, ...c.columns]), "sums") : null;
  loopNest(c.batch, ["b"], (batch) => {
    const sums = parts.length > 0 ? partialSums(c, batch, scratch, "columns") : null;
    const everySum: EverySum = (body) =>
      loopNest(c.rows, ["i"], (row) => loopNest(c.columns, ["j"], (column) => body(row, column)));
    sums?.start(everySum);
    loopNest(parts, ["p"], (part) => {
      const fromLeft = sourceOf(c, batch, part, figures);
      const fromRight = sourceOfReading(c.right, batch, part, figures);
      if (ofRight.kind === "all") right.everyPanel((panel) => right.pack(ofRight.memory, panel, panel, fromRight));
      left.everyPanel((rowPanel) => {
        if (ofLeft.kind !== "direct") left.pack(ofLeft.memory, [], rowPanel, fromLeft);
        right.everyPanel((columnPanel) => {
          if (ofRight.kind === "panel") right.pack(ofRight.memory, [], columnPanel, fromRight);
          const [rows, columns] = [left.rowsWithin(rowPanel), right.rowsWithin(columnPanel)];
          const zero = zeroOf(c);
          const starts = rows.flatMap((row) => columns.map((column) => sums?.read(row, column) ?? zero));
          const neighbours = [
            ofLeft.kind === "direct" ? direct(type, rows, fromLeft) : packed(ofLeft.memory, [], rows.length),
            ofRight.kind === "direct"
              ? direct(type, columns, fromRight)
              : packed(ofRight.memory, ofRight.kind === "all" ? columnPanel : [], columns.length),
          ] as const;
          const totals = multiply(c, depth, starts, ...neighbours);
          const total = (r: number, s: number): Value => totals[r * columns.length + s];
          if (panel !== null) {
            for (const r of rows.keys())
              right.inside(columnPanel, (column, s) => store(total(r, s), panel, [r, ...column]));
            return;
          }
          const end = sums?.write ?? ((row: Along, column: Along, sum: Value) => c.result(batch, row, column, sum));
          left.inside(rowPanel, (row, r) => {
            right.inside(columnPanel, (column, s) => end(row, column, total(r, s)));
          });
        });
        if (panel === null) return;
        left.everyRow(rowPanel, (row, r) => {
          loopNest(c.columns, ["j"], (column) => c.result(batch, row, column, load(panel, [r, ...column])));
        });
      });
    });
    sums?.finish(everySum);
  });
}

function sidesOf(c: Contraction, depth: Along, figures: ContractionFigures): readonly [left: Side, right: Side] {
  const rowAxis = tiledAxis(c.rows, figures, c.padding?.dependsOn.rows);
  const columnAxis = tiledAxis(c.columns, figures);
  const tile = chooseTile(c.rows[rowAxis], c.columns[columnAxis], figures);
  const common = { dtype: c.dtype, packedType: packedType(c.dtype, figures), depth };
  return [
    new Side({ ...common, name: "left", extents: c.rows, axis: rowAxis, width: tile.rows }),
    new Side({ ...common, name: "right", extents: c.columns, axis: columnAxis, width: tile.columns }),
  ];
}

/** Whether each element is read for one panel of the other side. */
function isReadOnce(depth: Along, other: Side): boolean {
  return depth.length === 1 && other.panels.every((d) => d === 1);
}

function sourceOf(c: Contraction, batch: Along, part: Along, figures: ContractionFigures): Source {
  const { padding } = c;
  return {
    ...sourceOfReading(c.left, batch, part, figures),
    padding: padding && {
      holds: (at, k) => padding.holds(batch, at, [...part, ...k]),
      dependsOn: padding.dependsOn,
    },
  };
}

function sourceOfReading(
  { element, isDepthInside, weight }: Reading,
  batch: Along,
  part: Along,
  { unrolled }: ContractionFigures,
): Source {
  return {
    element: (at, k) => element(batch, at, [...part, ...k]),
    padding: null,
    isDepthInside,
    isLong: weight > unrolled,
  };
}

/** The outer axes of a long depth, one step of which is a part, and the inner ones. */
function partsOfDepth(depth: Along, { usualExtent, longestPart }: ContractionFigures): readonly [Along, Along] {
  const guess = (axes: Along): number =>
    axes.reduce<number>((n, d) => n * (typeof d === "number" ? d : usualExtent), 1);
  let split = 0;
  while (split < depth.length - 1 && guess(depth.slice(split)) > longestPart) split++;
  return [depth.slice(0, split), depth.slice(split)];
}

// ---- one tile -------------------------------------------------------------------------------------------------------

/**
 * The axis along which a tile has several elements. Of those that are large enough for any tile, one that is known to be
 * tiled evenly, where `isOwn` says that an element is not padding by itself; else the last.
 */
export function tiledAxis(extents: Along, { tiles }: ContractionFigures, isOwn: readonly boolean[] = []): number {
  const size = (d: Dim): number => Math.min(16, typeof d === "number" ? d : 16);
  const isEven = (d: Dim): boolean => typeof d === "number" && tiles.some(({ rows }) => d % rows === 0);
  const isBetter = (axis: number, than: number): boolean => {
    const [d, e] = [extents[axis], extents[than]];
    if (size(d) !== size(e)) return size(d) > size(e);
    const [first, second] = [axis, than].map((a) => isEven(extents[a]) && isOwn[a] !== true);
    return first === second ? true : first;
  };
  return extents.reduce<number>((best, _, axis) => (isBetter(axis, best) ? axis : best), 0);
}

/** The tile that computes the fewest elements outside of the result. */
function chooseTile(rows: Dim, columns: Dim, { tiles }: ContractionFigures): TileShape {
  const padded = (extent: Dim, by: number): number => (typeof extent === "number" ? Math.ceil(extent / by) * by : 1);
  const computed = (t: TileShape): number => padded(rows, t.rows) * padded(columns, t.columns);
  return tiles.reduce((best, t) => (computed(t) < computed(best) ? t : best));
}

/** The neighbours in one panel of an operand, at a place along the depth. */
type Neighbours = (k: Dim) => readonly Value[];

function packed(memory: Value, panel: Along, width: number): Neighbours {
  return (k) => Array.from({ length: width }, (_, r) => load(memory, [...panel, k, r]));
}

function direct(type: DType, subscripts: readonly Along[], { element }: Source): Neighbours {
  return (k) => subscripts.map((at) => converted(element(at, [k]), type));
}

/** The sums of one tile, row by row. */
function multiply(
  { dtype }: Contraction,
  depth: Along,
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
