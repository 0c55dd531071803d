// How a window moves along an axis: extents with holes, how many places it has, and the padding of the way back.
//
// Along one axis, element i of x stands at subscript low + i · dilation of a padded axis, all else there is padding.
// Element k of the window at place t lies over subscript t · stride + k · windowDilation.

import { addDims, counted, type Dim, floorDim, mulDims, productOf, subDims, type TypeContext } from "../../ir/index.ts";
import { dilated } from "../shape/slicing.ts";

/** A window along one axis. */
export interface AxisWindow {
  readonly size: Dim;
  readonly stride: number;
  /** Padding before the first element and behind the last; negative: so many elements are cut off. */
  readonly low: Dim;
  readonly high: Dim;
  /** The distance between neighbouring elements of x, and of the window. */
  readonly dilation: number;
  readonly windowDilation: number;
}

/** The extent of n elements that are `by` apart. */
export function spread(n: Dim, by: number): Dim {
  return dilated(n, by - 1);
}

/** Whether two places of the window may share an element. */
export function overlaps({ size, stride, windowDilation }: AxisWindow): boolean {
  const reach = spread(size, windowDilation);
  return typeof reach !== "number" || reach > stride;
}

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

/** A window of up to so many elements is written out: loops of so few rounds cost more than what they do. */
const longestUnrolled = 16;

/** Whether the elements along an axis of a window are written out one by one: they are few, and none is padding. */
export function isWrittenOut({ low, high, size }: AxisWindow, windows: readonly AxisWindow[]): boolean {
  return typeof size === "number" && hasNone(low) && hasNone(high) && isFew(productOf(windows.map((w) => w.size)));
}

function isFew(d: Dim): boolean {
  return typeof d === "number" && d <= longestUnrolled;
}

/** Whether there is no padding. */
export function hasNone(padding: Dim): boolean {
  return typeof padding === "number" && padding <= 0;
}

/** How many places a window has along an axis of extent n; -1 or less where it is too large. */
export function placesOf(n: Dim, w: AxisWindow): Dim {
  const padded = addDims(addDims(w.low, spread(n, w.dilation)), w.high);
  return addDims(floorDim(subDims(padded, spread(w.size, w.windowDilation)), w.stride), 1);
}

/**
 * The window of the way back: over one value per place, which gives one per element of x. Element k of it, counted
 * from the end, is where element k of the window was.
 */
export function transposed(n: Dim, w: AxisWindow): AxisWindow {
  const reach = subDims(spread(w.size, w.windowDilation), 1);
  const low = subDims(reach, w.low);
  const taken = addDims(low, spread(placesOf(n, w), w.stride));
  const wanted = addDims(mulDims(subDims(n, 1), w.dilation), addDims(reach, 1));
  const high = subDims(wanted, taken);
  return { ...w, stride: w.dilation, dilation: w.stride, low, high };
}

/** The window whose elements are the places of `w`, and whose places are its elements, over the same x. */
export function exchanged(n: Dim, w: AxisWindow): AxisWindow {
  const size = placesOf(n, w);
  const taken = addDims(w.low, spread(n, w.dilation));
  const wanted = addDims(mulDims(subDims(w.size, 1), w.windowDilation), spread(size, w.stride));
  return { ...w, size, stride: w.windowDilation, windowDilation: w.stride, high: subDims(wanted, taken) };
}

/** The attributes of an op whose window moves, as lists with one entry per axis; none stands for the default. */
export interface WindowLists {
  readonly strides?: readonly number[];
  readonly low?: readonly Dim[];
  readonly high?: readonly Dim[];
  readonly dilation?: readonly number[];
  readonly windowDilation?: readonly number[];
}

/** The windows along axes, of these sizes. */
export function windowsOf(sizes: readonly Dim[], lists: WindowLists): readonly AxisWindow[] {
  return sizes.map((size, axis) => ({
    size,
    stride: lists.strides?.[axis] ?? 1,
    low: lists.low?.[axis] ?? 0,
    high: lists.high?.[axis] ?? 0,
    dilation: lists.dilation?.[axis] ?? 1,
    windowDilation: lists.windowDilation?.[axis] ?? 1,
  }));
}

/** The lists that say what these windows are, empty where every entry is the default. */
export function listsOf(windows: readonly AxisWindow[]): Required<WindowLists> {
  const list = <T>(of: (w: AxisWindow) => T, none: T): readonly T[] => {
    const all = windows.map(of);
    return all.every((entry) => entry === none) ? [] : all;
  };
  return {
    strides: list((w) => w.stride, 1),
    low: list<Dim>((w) => w.low, 0),
    high: list<Dim>((w) => w.high, 0),
    dilation: list((w) => w.dilation, 1),
    windowDilation: list((w) => w.windowDilation, 1),
  };
}

/** Requires one entry per axis in each list that has any, and distances of at least 1. `names` are the attributes. */
export function requireLists(cx: TypeContext, lists: WindowLists, names: WindowNames, rank: number, per: string): void {
  for (const key of Object.keys(names) as (keyof WindowLists)[]) {
    const list = lists[key] ?? [];
    if (list.length > 0 && list.length !== rank) {
      cx.fail(
        "attribute",
        `${names[key]} has ${counted(list.length, "entry")}, expected ${rank}, one per ${per}, or none`,
      );
    }
    if (key === "low" || key === "high") continue;
    for (const n of list as readonly number[]) {
      if (n < 1) cx.fail("attribute", `${names[key]} has ${n}, expected at least 1`);
    }
  }
}

/** What an op calls each list. */
export type WindowNames = Readonly<Record<keyof WindowLists, string>>;

/** How many places the window has, which must not be too large for the axis that `what` names. */
export function requirePlaces(cx: TypeContext, n: Dim, w: AxisWindow, what: string): Dim {
  const places = placesOf(n, w);
  if (typeof places === "number" && places < 0) {
    const padded = addDims(addDims(w.low, spread(n, w.dilation)), w.high);
    cx.fail(
      "shape",
      `the window spans ${spread(w.size, w.windowDilation)} on ${what}, whose extent is ${padded} with padding`,
      "use a smaller window or more padding",
    );
  }
  cx.atLeast(places, 0, `the number of places of the window on ${what}`);
  return places;
}
