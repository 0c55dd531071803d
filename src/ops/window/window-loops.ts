// What lies under a window, on arrays and as loops: subscripts of x, or padding.

import {
  addDims,
  type Dim,
  floorDim,
  indexDim,
  maxDims,
  minDims,
  mulDims,
  productOf,
  sizeOf,
  subDims,
  type Value,
} from "../../ir/index.ts";
import { indexValue } from "../base/constant.ts";
import { compare, type Direction } from "../base/elementwise.ts";
import { ifElse } from "../control/control.ts";
import { forLoop } from "../loop/loop.ts";
import { and } from "../scalar/bits.ts";
import { type AxisWindow, spread } from "./window-shape.ts";

// ---- on arrays ------------------------------------------------------------------------------------------------------

/** The position of a kernel's element under one place on an axis of x; -1 for padding. */
function positionUnder(t: number, k: number, w: ConcreteWindow, extent: number): number {
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

/** A subscript of x under an element of a window, and what it was divided from: between elements it leaves a rest. */
export interface Under {
  readonly subscript: Dim;
  readonly undivided: Dim;
}

/** What lies under element `k` of the window at place `t`; perhaps padding. */
export function subscriptUnder(t: Dim, k: Dim, w: AxisWindow): Under {
  const undivided = subDims(addDims(mulDims(t, w.stride), mulDims(k, w.windowDilation)), w.low);
  return { subscript: floorDim(undivided, w.dilation), undivided };
}

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
  if (!isAtMost(low, 0)) conditions.push(compareDims(undivided, 0, "ge"));
  if (!isAtMost(high, 0)) conditions.push(compareDims(subscript, n, "lt"));
  return [...conditions, ...restConditions({ subscript, undivided }, dilation)];
}

/** Between two elements of x is padding. */
function restConditions({ subscript, undivided }: Under, dilation: number): readonly Value[] {
  return dilation === 1 ? [] : [compareDims(undivided, mulDims(subscript, dilation), "eq")];
}

function isAtMost(d: Dim, limit: number): boolean {
  return typeof d === "number" && d <= limit;
}

function compareDims(a: Dim, b: Dim, direction: Direction): Value {
  return compare(indexValue(a), indexValue(b), direction);
}

/** A window of up to so many elements is written out: loops of so few rounds cost more than what they do. */
const unrolled = 16;

/**
 * Loops over the elements of x under a window at place `at`, row-major, carrying values. Bounds leave padding out; only
 * between elements is it decided.
 */
export function overWindow(
  at: readonly Dim[],
  windows: readonly AxisWindow[],
  extents: readonly Dim[],
  inits: readonly Value[],
  body: (subscripts: readonly Dim[], carry: readonly Value[]) => readonly Value[],
): readonly Value[] {
  const isSmall = isAtMost(productOf(windows.map((w) => w.size)), unrolled);
  const open = (outer: readonly Under[], carry: readonly Value[]): readonly Value[] => {
    const axis = outer.length;
    if (axis === windows.length) {
      const conditions = outer.flatMap((under, a) => restConditions(under, windows[a].dilation));
      const subscripts = outer.map(({ subscript }) => subscript);
      if (conditions.length === 0) return body(subscripts, carry);
      return ifElse(
        conditions.reduce(and),
        () => body(subscripts, carry),
        () => carry,
      );
    }
    const w = windows[axis];
    const [lower, upper] = elementsWithin(at[axis], w, extents[axis]);
    const inner = (k: Dim, carried: readonly Value[]): readonly Value[] =>
      open([...outer, subscriptUnder(at[axis], k, w)], carried);
    if (lower === 0 && isSmall && typeof upper === "number") {
      let carried = carry;
      for (let k = 0; k < upper; k++) carried = inner(k, carried);
      return carried;
    }
    const names = [`k${axis}`, ...carry.map(() => "acc")];
    return forLoop(lower, upper, 1, carry, (k, ...carried) => inner(indexDim(k), carried), names);
  };
  return open([], inits);
}

/** The first element of a window at place `t` that is not before x, and the one behind the last that is not behind x. */
function elementsWithin(t: Dim, w: AxisWindow, n: Dim): readonly [Dim, Dim] {
  // element k lies over subscript k · windowDilation - before of x with its holes
  const before = subDims(w.low, mulDims(t, w.stride));
  const behind = addDims(before, addDims(spread(n, w.dilation), w.windowDilation - 1));
  const lower = floorDim(addDims(before, w.windowDilation - 1), w.windowDilation);
  return [
    isAtMost(w.low, 0) ? 0 : maxDims(0, lower),
    isAtMost(w.high, 0) ? w.size : minDims(w.size, floorDim(behind, w.windowDilation)),
  ];
}
