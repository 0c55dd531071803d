// What lies under a window, on arrays and as loops: subscripts of x, or padding.

import { addDims, type Dim, floorDim, mulDims, subDims, type Value } from "../ir/index.ts";
import { and } from "./bits.ts";
import { indexValue } from "./constant.ts";
import { ifElse } from "./control.ts";
import { compare, type Direction } from "./elementwise.ts";
import type { AxisWindow } from "./window-shape.ts";

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

/** For each place, row-major, and each element of the window, row-major: the offset in x, -1 for padding. */
export function offsetsUnder(
  places: readonly number[],
  windows: readonly ConcreteWindow[],
  extents: readonly number[],
  strides: readonly number[],
): readonly Float64Array[] {
  const sizes = windows.map((w) => w.size);
  const taps = subscriptsOf(sizes);
  return subscriptsOf(places).map((t) =>
    Float64Array.from(taps, (k) => {
      let offset = 0;
      for (const [a, w] of windows.entries()) {
        const at = positionUnder(t[a], k[a], w, extents[a]);
        if (at < 0) return -1;
        offset += at * strides[a];
      }
      return offset;
    }),
  );
}

/** The subscripts of a shape, row-major. */
function subscriptsOf(shape: readonly number[]): readonly (readonly number[])[] {
  let all: readonly (readonly number[])[] = [[]];
  for (const extent of shape) {
    all = all.flatMap((outer) => Array.from({ length: extent }, (_, i) => [...outer, i]));
  }
  return all;
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

function conditionsOf({ subscript, undivided }: Under, { low, high, dilation }: AxisWindow, n: Dim): readonly Value[] {
  const conditions: Value[] = [];
  if (!isAtMostZero(low)) conditions.push(compareDims(undivided, 0, "ge"));
  if (!isAtMostZero(high)) conditions.push(compareDims(subscript, n, "lt"));
  if (dilation > 1) conditions.push(compareDims(undivided, mulDims(subscript, dilation), "eq"));
  return conditions;
}

function isAtMostZero(d: Dim): boolean {
  return typeof d === "number" && d <= 0;
}

function compareDims(a: Dim, b: Dim, direction: Direction): Value {
  return compare(indexValue(a), indexValue(b), direction);
}
