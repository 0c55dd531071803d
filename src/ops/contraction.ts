// Sums of products as tiles: packed operands, and a few accumulators of neighbouring elements that one loop carries.
//
// Every element of the result is one accumulator that starts from 0 and takes its products in ascending order of the
// contracted subscripts, so the bits are those of the plain loop. A tile of rows × columns reads each packed element
// once for several products; what the packing reads is read once per element, so producers fuse into it.

import {
  addDims,
  type Dim,
  type DType,
  floorDim,
  indexDim,
  memref,
  minDims,
  mulDims,
  productOf,
  scalar,
  subDims,
  type Value,
  type WholeContext,
} from "../ir/index.ts";
import { add, mul } from "./arithmetic.ts";
import { constant, dim } from "./constant.ts";
import { ifElse } from "./control.ts";
import { tensorOf } from "./define.ts";
import { cast, compare } from "./elementwise.ts";
import { forLoop, load, loopNest, store } from "./loop.ts";
import { isBelow, nestedLoops } from "./reduce-order.ts";

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
 * Measured in V8: with 8 accumulators nothing spills, and f32 reaches half of what f64 does, 16 spill. Both shapes are
 * equally fast.
 */
const tiles: readonly Tile[] = [
  { rows: 4, columns: 2 },
  { rows: 2, columns: 4 },
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
}: Omit<Contraction, "left" | "right" | "place">): Kind | null {
  if (isBelow(depth, 4) || isBelow([...batch, ...rows, ...columns, ...depth], 512)) return null;
  if (isBelow(rows, 4)) return isBelow(columns, 4) ? null : "thin rows";
  return isBelow(columns, 4) ? "thin columns" : "tiles";
}

/** Writes the whole result. */
export function lowerContraction(x: WholeContext, c: Contraction): void {
  const kind = contractionKind(c);
  if (kind === "thin rows") lowerThin(x, flipped(c));
  else if (kind === "thin columns") lowerThin(x, c);
  else lowerTiles(x, c);
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

/** Tiles over packed operands: all of the right one, and of the left one panel after panel. */
function lowerTiles(x: WholeContext, c: Contraction): void {
  const [rowAxis, columnAxis] = [tiledAxis(c.rows), tiledAxis(c.columns)];
  const tile = chooseTile(c.rows[rowAxis], c.columns[columnAxis]);
  const left = new Side(x, "left", c, c.rows, rowAxis, tile.rows);
  const right = new Side(x, "right", c, c.columns, columnAxis, tile.columns);
  const packedRight = right.scratch(right.panels);
  const packedLeft = left.scratch([]);
  loopNest(c.batch, ["b"], (batch) => {
    right.everyPanel((panel) => right.pack(packedRight, panel, panel, (at, k) => c.right(batch, at, k)));
    left.everyPanel((rowPanel) => {
      left.pack(packedLeft, [], rowPanel, (at, k) => c.left(batch, at, k));
      right.everyPanel((columnPanel) => {
        const sums = multiply(c, tile, [packedLeft, []], [packedRight, columnPanel]);
        left.inside(rowPanel, (row, r) => {
          right.inside(columnPanel, (column, s) => x.write(c.place(batch, row, column), sums[r * tile.columns + s]));
        });
      });
    });
  });
}

/** Few columns. Where rows lie across memory, all of them are combined with the result; else a few are summed at once. */
function lowerThin(x: WholeContext, c: Contraction): void {
  const lower = c.depthInside[0] ? sumRows : addToRows;
  loopNest(c.batch, ["b"], (batch) => {
    loopNest(c.columns, ["j"], (column) => lower(x, c, batch, column));
  });
}

function addToRows(x: WholeContext, c: Contraction, batch: readonly Dim[], column: readonly Dim[]): void {
  const zero = constant(0, scalar(c.dtype));
  loopNest(c.rows, ["i"], (row) => x.write(c.place(batch, row, column), zero));
  loopNest(c.depth, ["k"], (k) => {
    const factor = c.right(batch, column, k);
    loopNest(c.rows, ["i"], (row) => {
      const at = c.place(batch, row, column);
      x.write(at, add(x.written(at), mul(c.left(batch, row, k), factor)));
    });
  });
}

function sumRows(x: WholeContext, c: Contraction, batch: readonly Dim[], column: readonly Dim[]): void {
  const side = new Side(x, "left", c, c.rows, tiledAxis(c.rows), thinWidth);
  const zero = constant(0, scalar(c.dtype));
  side.everyPanel((panel) => {
    const rows = side.rowsWithin(panel);
    const step = (k: readonly Dim[], sums: readonly Value[]): readonly Value[] => {
      const factor = c.right(batch, column, k);
      return sums.map((sum, r) => add(sum, mul(c.left(batch, rows[r], k), factor)));
    };
    const zeros = rows.map(() => zero);
    const sums = nestedLoops(c.depth, zeros, step);
    side.inside(panel, (row, r) => x.write(c.place(batch, row, column), sums[r]));
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

/** One operand: cut into panels of a few neighbours along the tiled axis, each packed with the depth outside. */
class Side {
  readonly panels: readonly Dim[];
  readonly #x: WholeContext;
  readonly #name: string;
  readonly #dtype: DType;
  readonly #depth: readonly Dim[];
  readonly #extents: readonly Dim[];
  readonly #axis: number;
  readonly #width: number;

  constructor(x: WholeContext, name: string, c: Contraction, extents: readonly Dim[], axis: number, width: number) {
    this.#x = x;
    this.#name = name;
    this.#dtype = packedType(c.dtype);
    this.#depth = c.depth;
    this.#extents = extents;
    this.#axis = axis;
    this.#width = width;
    this.panels = extents.map((d, a) => (a === axis ? floorDim(addDims(d, width - 1), width) : d));
  }

  /** Memory for as many panels. */
  scratch(panels: readonly Dim[]): Value {
    const shape = [...panels, productOf(this.#depth), this.#width];
    return this.#x.scratch(memref(this.#dtype, shape), `${this.#name}_packed`);
  }

  everyPanel(body: (panel: readonly Dim[]) => void): void {
    loopNest(this.panels, [this.#name === "left" ? "i" : "j"], body);
  }

  /** Puts the elements of one panel side by side; what is outside of the operand stays as it was. */
  pack(
    memory: Value,
    place: readonly Dim[],
    panel: readonly Dim[],
    element: (at: readonly Dim[], k: readonly Dim[]) => Value,
  ): void {
    const here = mulDims(panel[this.#axis], this.#width);
    const rest = this.#isEven() ? this.#width : minDims(this.#width, subDims(this.#extents[this.#axis], here));
    loopNest([rest], ["r"], ([r]) => {
      const at = this.#at(panel, r);
      loopNest(this.#depth, ["k"], (k) => {
        store(converted(element(at, k), this.#dtype), memory, [...place, flat(k, this.#depth), r]);
      });
    });
  }

  /** `body` for each element of a panel, where it is inside of the operand. */
  inside(panel: readonly Dim[], body: (at: readonly Dim[], r: number) => void): void {
    for (let r = 0; r < this.#width; r++) {
      const at = this.#at(panel, r);
      if (r === 0 || this.#isEven()) body(at, r);
      else where(at[this.#axis], this.#extents[this.#axis], () => body(at, r));
    }
  }

  /** The subscripts of a panel, the last one instead of those outside of the operand. */
  rowsWithin(panel: readonly Dim[]): readonly (readonly Dim[])[] {
    const last = subDims(this.#extents[this.#axis], 1);
    return Array.from({ length: this.#width }, (_, r) =>
      this.#at(panel, r).map((d, a) => (a === this.#axis && r > 0 && !this.#isEven() ? minDims(d, last) : d)),
    );
  }

  #at(panel: readonly Dim[], r: Dim): readonly Dim[] {
    return panel.map((d, a) => (a === this.#axis ? addDims(mulDims(d, this.#width), r) : d));
  }

  /** Whether the extent is known to be a multiple of the width. */
  #isEven(): boolean {
    const extent = this.#extents[this.#axis];
    return typeof extent === "number" && extent % this.#width === 0;
  }
}

/** The sums of one tile, row by row. */
function multiply(
  { dtype, depth }: Contraction,
  tile: Tile,
  [left, leftPanel]: readonly [Value, readonly Dim[]],
  [right, rightPanel]: readonly [Value, readonly Dim[]],
): readonly Value[] {
  const zero = constant(0, scalar(dtype));
  const sums = Array.from({ length: tile.rows * tile.columns }, () => zero);
  const step = (k: Value, ...acc: Value[]): readonly Value[] => {
    const read = (memory: Value, panel: readonly Dim[], width: number): readonly Value[] =>
      Array.from({ length: width }, (_, r) => load(memory, [...panel, indexDim(k), r]));
    const [rows, columns] = [read(left, leftPanel, tile.rows), read(right, rightPanel, tile.columns)];
    const product = (i: number): Value => mul(rows[Math.floor(i / tile.columns)], columns[i % tile.columns]);
    return acc.map((sum, i) => add(sum, converted(product(i), dtype)));
  };
  return forLoop(0, productOf(depth), 1, sums, step, ["k", ...sums.map(() => "acc")]);
}

/** f32 is packed as f64: products are exact there, so one rounding gives the same bits, and loads need no conversion. */
function packedType(dtype: DType): DType {
  return dtype === "f32" ? "f64" : dtype;
}

function converted(x: Value, dtype: DType): Value {
  return tensorOf(x).dtype === dtype ? x : cast(x, dtype);
}

/** `body` where the subscript is below the extent. */
function where(at: Dim, extent: Dim, body: () => void): void {
  const then = (): readonly Value[] => {
    body();
    return [];
  };
  ifElse(compare(dim(at, "index"), dim(extent, "index"), "lt"), then, () => []);
}

/** The row-major position. */
function flat(at: readonly Dim[], shape: readonly Dim[]): Dim {
  return at.reduce<Dim>((position, d, axis) => addDims(mulDims(position, shape[axis]), d), 0);
}
