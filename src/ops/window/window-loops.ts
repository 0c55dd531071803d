// What lies under a window, on arrays and as loops: subscripts of x, or padding.

import { addDims, type Dim, floorDim, maxDims, minDims, mulDims, sizeOf, subDims, type Value } from "../../ir/index.ts";
import { indexValue } from "../base/constant.ts";
import { compare, type Direction } from "../base/elementwise.ts";
import { ifElse } from "../control/control.ts";
import { and } from "../scalar/bits.ts";
import { type AxisWindow, hasNone, spread, subscriptUnder, type Under } from "./window-shape.ts";

// ---- on arrays ------------------------------------------------------------------------------------------------------

/** The position of a kernel's element under one place on an axis of x; -1 for padding. */
export function positionUnder(t: number, k: number, w: ConcreteWindow, extent: number): number {
  const at = t * w.stride + k * w.windowDilation - w.low;
  return at >= 0 && at % w.dilation === 0 && at / w.dilation < extent ? at / w.dilation : -1;
}

export type ConcreteWindow = Pick<AxisWindow, "stride" | "dilation" | "windowDilation"> & {
  readonly size: number;
  readonly low: number;
};

/**
 * For each place, row-major: the offsets in x of the elements under the window, row-major, -1 for padding. The array is
 * the same each time.
 */
export function* offsetsUnder(
  places: readonly number[],
  windows: readonly ConcreteWindow[],
  extents: readonly number[],
  strides: readonly number[],
): Generator<Float64Array> {
  // by axis and place, what each element of the window adds to the offset
  const tables = windows.map((w, a) =>
    Array.from({ length: places[a] }, (_, t) =>
      Array.from({ length: w.size }, (_, k) => {
        const at = positionUnder(t, k, w, extents[a]);
        return at < 0 ? -1 : at * strides[a];
      }),
    ),
  );
  const count = sizeOf(places);
  const offsets = new Float64Array(sizeOf(windows.map((w) => w.size)));
  const place = places.map(() => 0);
  for (let i = 0; i < count; i++) {
    spreadOut(
      tables.map((table, a) => table[place[a]]),
      offsets,
    );
    yield offsets;
    for (let a = places.length - 1; a >= 0 && ++place[a] === places[a]; a--) place[a] = 0;
  }
}

/** The sums of one entry of each row, the last row's fastest; -1 where an entry is. */
function spreadOut(rows: readonly (readonly number[])[], into: Float64Array): void {
  if (into.length === 0) return;
  let filled = 1;
  into[0] = 0;
  for (const row of rows) {
    // from behind, so that nothing is overwritten before it is read
    for (let i = filled - 1; i >= 0; i--) {
      const outer = into[i];
      for (let k = row.length - 1; k >= 0; k--) {
        into[i * row.length + k] = outer < 0 || row[k] < 0 ? -1 : outer + row[k];
      }
    }
    filled *= row.length;
  }
}

// ---- as loops -------------------------------------------------------------------------------------------------------

/** `inside` where every subscript is one of x, else `padding`; nothing is decided where there can be none. */
export function whereInside(
  places: readonly Under[],
  windows: readonly AxisWindow[],
  extents: readonly Dim[],
  inside: () => readonly Value[],
  padding: () => readonly Value[],
): readonly Value[] {
  const conditions = places.flatMap((place, axis) => conditionsOf(place, windows[axis], extents[axis]));
  return conditions.length === 0 ? inside() : ifElse(conditions.reduce(and), inside, padding);
}

/** What holds where elements `k` of windows at `places` lie over elements of x; nothing where none can be padding. */
export function conditionsWithin(
  windows: readonly AxisWindow[],
  places: readonly Dim[],
  k: readonly Dim[],
  extents: readonly Dim[],
): readonly Value[] {
  return windows.flatMap((w, axis) => conditionsOf(subscriptUnder(places[axis], k[axis], w), w, extents[axis]));
}

function conditionsOf({ subscript, undivided }: Under, { low, high, dilation }: AxisWindow, n: Dim): readonly Value[] {
  const conditions: Value[] = [];
  if (!hasNone(low)) conditions.push(compareDims(undivided, 0, "ge"));
  if (!hasNone(high)) conditions.push(compareDims(subscript, n, "lt"));
  return [...conditions, ...restConditions({ subscript, undivided }, dilation)];
}

/** Between two elements of x is padding: what holds where there is none. */
export function restConditions({ subscript, undivided }: Under, dilation: number): readonly Value[] {
  return dilation === 1 ? [] : [compareDims(undivided, mulDims(subscript, dilation), "eq")];
}

function compareDims(a: Dim, b: Dim, direction: Direction): Value {
  return compare(indexValue(a), indexValue(b), direction);
}

/** The first element of a window at place `t` that is not before x, and the one behind the last that is not behind x. */
export function elementsWithin(t: Dim, w: AxisWindow, n: Dim): readonly [Dim, Dim] {
  // element k lies over subscript k · windowDilation - before of x with its holes
  const before = subDims(w.low, mulDims(t, w.stride));
  const behind = addDims(before, addDims(spread(n, w.dilation), w.windowDilation - 1));
  const lower = floorDim(addDims(before, w.windowDilation - 1), w.windowDilation);
  return [
    hasNone(w.low) ? 0 : maxDims(0, lower),
    hasNone(w.high) ? w.size : minDims(w.size, floorDim(behind, w.windowDilation)),
  ];
}
