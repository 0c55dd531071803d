// What convolutions and pooling share: where batch, features and spatial axes stand, and how windows are spelled.

import { describe, type Tensor } from "../frontend/index.ts";
import {
  addDims,
  counted,
  type Dim,
  fail,
  floorDim,
  maxDims,
  minDims,
  mulDims,
  shapeOf,
  subDims,
} from "../ir/index.ts";
import { count, rankOf, requireInteger } from "./shapes.ts";

/** "NHWC" (features last) or "NCHW", and their like for other numbers of spatial axes. */
export type LayoutName = "NHWC" | "NCHW" | "NWC" | "NCW" | "NDHWC" | "NCDHW";

const spatialLetters = ["", "W", "HW", "DHW"];

/** The axes of x by what they are. */
export interface ImageAxes {
  readonly feature: number;
  readonly spatial: readonly number[];
  readonly isFeatureLast: boolean;
}

/** The layouts of images with so many spatial axes, by where their features stand. */
export function layoutNames(n: number): readonly [last: string, first: string] {
  return [`N${spatialLetters[n]}C`, `NC${spatialLetters[n]}`];
}

/** The axes of a tensor with batch, features and `spatial` axes; as many as it has where that is null. */
export function imageAxes(x: Tensor, spatial: number | null, layout: LayoutName | undefined, where: string): ImageAxes {
  const rank = rankOf(x, where);
  const n = spatial ?? rank - 2;
  if (rank !== n + 2 || n < 1 || n > 3) {
    const expected = spatial === null ? "3, 4 or 5" : `${n + 2}`;
    fail("shape", `${where}: x has rank ${rank}, expected ${expected}: batch, features and spatial axes`);
  }
  const [last, first] = layoutNames(n);
  if (layout !== undefined && layout !== last && layout !== first)
    fail("option", `${where}: option 'layout' is ${describe(layout)}, expected "${last}" or "${first}"`);
  const isFeatureLast = layout !== first;
  return { feature: isFeatureLast ? n + 1 : 1, spatial: count(n, isFeatureLast ? 1 : 2), isFeatureLast };
}

/** A number for each spatial axis, or one for all. */
export function perAxis(
  given: number | readonly number[] | undefined,
  n: number,
  otherwise: number,
  what: string,
  least: number,
): readonly number[] {
  const list = Array.isArray(given) ? (given as readonly number[]) : count(n).map(() => given ?? otherwise);
  if (list.length !== n)
    fail("option", `${what} has ${counted(list.length, "entry")}, expected ${n}, one per spatial axis`);
  return Array.from(list, (entry) => requireInteger(entry, what, least));
}

/** Padding on both sides of all axes, of each axis, before and behind each; or as much as keeps the extents. */
export type PaddingOption =
  | number
  | readonly (number | readonly [number, number])[]
  | "same"
  | "valid"
  | "SAME"
  | "VALID";

/** One axis of a window that moves. */
export interface Along {
  /** The extent that it moves along, and its own. */
  readonly extent: Dim;
  readonly size: Dim;
  readonly stride: number;
  readonly dilation: number;
}

interface Pads {
  readonly low: readonly Dim[];
  readonly high: readonly Dim[];
}

/** How far a window reaches, holes included. */
function reachOf({ size, dilation }: Pick<Along, "size" | "dilation">): Dim {
  return addDims(mulDims(subDims(size, 1), dilation), 1);
}

export function paddingOf(padding: PaddingOption | undefined, axes: readonly Along[], where: string): Pads {
  if (padding === "same" || padding === "SAME") {
    const totals = axes.map(sameTotal);
    const low = totals.map((t) => floorDim(t, 2));
    return { low, high: totals.map((t, i) => subDims(t, low[i])) };
  }
  if (padding === "valid" || padding === "VALID" || padding == null)
    return { low: axes.map(() => 0), high: axes.map(() => 0) };
  if (typeof padding === "string")
    fail("option", `${where}: option 'padding' is ${describe(padding)}, expected numbers, "same" or "valid"`);
  const list = Array.isArray(padding) ? (padding as readonly unknown[]) : axes.map(() => padding);
  if (list.length !== axes.length)
    fail("option", `${where}: option 'padding' has ${counted(list.length, "entry")}, expected ${axes.length}`);
  const what = `${where}: option 'padding'`;
  const side = (i: 0 | 1) => Array.from(list, (e) => requireInteger(Array.isArray(e) ? e[i] : e, what));
  return { low: side(0), high: side(1) };
}

/** How many places there are with this padding. */
export function placesOf(axis: Along, low: Dim, high: Dim): Dim {
  const padded = addDims(addDims(axis.extent, low), high);
  return addDims(floorDim(subDims(padded, reachOf(axis)), axis.stride), 1);
}

/** What is put around so that there is a place for each `stride` elements; behind them one more where it is odd. */
function sameTotal(axis: Along): Dim {
  const reach = reachOf(axis);
  if (axis.stride === 1) return subDims(reach, 1);
  const places = floorDim(addDims(axis.extent, axis.stride - 1), axis.stride);
  return maxDims(subDims(addDims(mulDims(subDims(places, 1), axis.stride), reach), axis.extent), 0);
}

/** The padding behind each axis with which a last window that reaches out counts too, if it begins inside. */
export function ceiled({ low, high }: Pads, axes: readonly Along[]): readonly Dim[] {
  return axes.map((axis, i) => {
    const reach = reachOf(axis);
    const padded = addDims(addDims(axis.extent, low[i]), high[i]);
    const all = addDims(floorDim(addDims(subDims(padded, reach), axis.stride - 1), axis.stride), 1);
    const inside = addDims(floorDim(subDims(addDims(axis.extent, low[i]), 1), axis.stride), 1);
    const last = mulDims(subDims(minDims(all, inside), 1), axis.stride);
    return subDims(addDims(last, reach), addDims(axis.extent, low[i]));
  });
}

/** The window over the spatial axes of x, with these sizes. */
export function alongOf(
  x: Tensor,
  spatial: readonly number[],
  sizes: readonly Dim[],
  strides: readonly number[],
  dilations: readonly number[],
): readonly Along[] {
  const shape = shapeOf(x);
  return spatial.map((axis, i) => ({
    extent: shape[axis],
    size: sizes[i],
    stride: strides[i],
    dilation: dilations[i],
  }));
}

/** A list with an entry for each axis of x: those given on spatial axes, else `otherwise`. */
export function onAllAxes<T>(
  rank: number,
  spatial: readonly number[],
  given: readonly T[],
  otherwise: T,
): readonly T[] {
  return count(rank).map((axis) => (spatial.includes(axis) ? given[spatial.indexOf(axis)] : otherwise));
}
