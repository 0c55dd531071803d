// Sums of products with few columns, and those that are too small to gain by tiles.

import { memref, type Value } from "../../../src/ir/index.ts";
import { add, ifElse, load, loopNest, mul, nestedLoops, store } from "../../../src/ops/index.ts";
import type { Along, Contraction, Reading } from "./contraction.ts";
import { flat, Side } from "./packing.ts";
import { type EverySum, partialSums, type TilingContext, zeroOf } from "./sums.ts";
import { tiledAxis } from "./tiles.ts";

/** Few columns. Where rows lie across memory, all of them are combined with the sums so far; else a few are summed at once. */
export function lowerThin(c: Contraction, cx: TilingContext): void {
  if (c.left.isDepthInside) sumRows(c, cx);
  else addToRows(c, cx);
}

/** Whether each element of the left operand is read for one column. */
function isOneColumn({ columns }: Contraction): boolean {
  return columns.every((d) => d === 1);
}

/** An operand that is computed into memory, for one element of the batch, before it is read several times. */
interface Held {
  readonly reading: Reading;
  fill(batch: Along): void;
}

/** Where an element is no mere load. The depth is outside where its neighbours lie across memory. */
function held(reading: Reading, at: Along, depth: Along, memory: (shape: Along) => Value): Held {
  if (reading.weight === 0) return { reading, fill() {} };
  const place = (own: Along, k: Along): Along => (reading.isDepthInside ? [...own, ...k] : [...k, ...own]);
  const to = memory(place(at, depth));
  const names = reading.isDepthInside ? [...at.map(() => "i"), ...depth.map(() => "k")] : ["k"];
  const fill = (batch: Along): void =>
    loopNest(place(at, depth), names, (all) => {
      const split = reading.isDepthInside ? at.length : depth.length;
      const [first, second] = [all.slice(0, split), all.slice(split)];
      const element = reading.isDepthInside
        ? reading.element(batch, first, second)
        : reading.element(batch, second, first);
      store(element, to, all);
    });
  return { reading: { ...reading, element: (_, own, k) => load(to, place(own, k)), weight: 0 }, fill };
}

/** A few rows at once, whose sums are carried along the depth. */
function sumRows(c: Contraction, { scratch, figures }: TilingContext): void {
  const { dtype, depth, left } = c;
  const width = figures.thinWidth;
  const axis = tiledAxis(c.rows, figures);
  const side = new Side({ name: "left", dtype, packedType: dtype, depth, extents: c.rows, axis, width });
  const right = held(c.right, c.columns, depth, (shape) => scratch(memref(dtype, shape), "right_packed"));
  const memory = left.weight > (isOneColumn(c) ? figures.direct : 0) ? side.memory(scratch, []) : null;
  loopNest(c.batch, ["b"], (batch) => {
    right.fill(batch);
    const sumPanel = (panel: Along, column: Along): void => {
      const rows = side.rowsWithin(panel);
      const element = (r: number, k: Along): Value =>
        memory === null ? left.element(batch, rows[r], k) : load(memory, [flat(k, depth), r]);
      const step = (k: Along, sums: readonly Value[]): readonly Value[] => {
        const factor = right.reading.element(batch, column, k);
        return sums.map((sum, r) => add(sum, mul(element(r, k), factor)));
      };
      const zero = zeroOf(c);
      const zeros = rows.map(() => zero);
      const sums = nestedLoops(depth, zeros, step);
      side.inside(panel, (row, r) => c.result(batch, row, column, sums[r]));
    };
    const everyColumn = (body: (column: Along) => void): void => loopNest(c.columns, ["j"], body);
    if (memory === null) {
      everyColumn((column) => side.everyPanel((panel) => sumPanel(panel, column)));
      return;
    }
    const element = (at: Along, k: Along): Value => left.element(batch, at, k);
    side.everyPanel((panel) => {
      side.pack(memory, [], panel, {
        element,
        padding: null,
        isDepthInside: true,
        isLong: left.weight > figures.unrolled,
      });
      everyColumn((column) => sumPanel(panel, column));
    });
  });
}

/** Each element of the right operand times all rows, added to the sums so far. */
function addToRows(c: Contraction, { scratch }: TilingContext): void {
  const { dtype, depth, rows } = c;
  const once = { reading: c.left, fill() {} };
  const memory = (shape: Along): Value => scratch(memref(dtype, shape), "left_packed");
  const left = isOneColumn(c) ? once : held(c.left, rows, depth, memory);
  loopNest(c.batch, ["b"], (batch) => {
    left.fill(batch);
    const sums = partialSums(c, batch, scratch, "rows");
    loopNest(c.columns, ["j"], (column) => {
      const everyRow: EverySum = (body) => loopNest(rows, ["i"], (row) => body(row, column));
      sums.start(everyRow);
      loopNest(depth, ["k"], (k) => {
        const factor = c.right.element(batch, column, k);
        everyRow((row) => {
          sums.write(row, column, add(sums.read(row, column), mul(left.reading.element(batch, row, k), factor)));
        });
      });
      sums.finish(everyRow);
    });
  });
}

/** Element by element. */
export function lowerPlain(c: Contraction): void {
  const { padding, left, right, depth } = c;
  const zero = zeroOf(c);
  loopNest(c.batch, ["b"], (batch) => {
    loopNest(c.rows, ["i"], (row) => {
      loopNest(c.columns, ["j"], (column) => {
        const [sum] = nestedLoops(depth, [zero], (k, [acc]) => {
          const element = (): readonly Value[] => [left.element(batch, row, k)];
          const [x] = padding === null ? element() : ifElse(padding.holds(batch, row, k), element, () => [zero]);
          return [add(acc, mul(x, right.element(batch, column, k)))];
        });
        c.result(batch, row, column, sum);
      });
    });
  });
}
