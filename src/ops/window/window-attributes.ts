// What reduce_window and arg_reduce_window share: attributes, the type's extents, and the new axis of a batch.

import type { AttributesOf, Dim, EvalContext, Operation, TensorType, TypeContext } from "../../ir/index.ts";
import { counted } from "../../ir/index.ts";
import { stridesOf } from "../base/arrays.ts";
import { offsetsUnder } from "./window-loops.ts";
import {
  type AxisWindow,
  isWrittenOut,
  overlaps,
  requireLists,
  requirePlaces,
  type WindowLists,
  type WindowNames,
  windowsOf,
} from "./window-shape.ts";

/** A window over every axis of x. */
export interface WindowOptions {
  /** Its extents. */
  readonly window: readonly Dim[];
  readonly strides?: readonly number[];
  readonly low?: readonly Dim[];
  readonly high?: readonly Dim[];
  readonly baseDilation?: readonly number[];
  readonly windowDilation?: readonly number[];
}

export const windowAttributes = {
  window: { kind: "dims", summary: "the extents of the window, one per axis of x" },
  strides: {
    kind: "integers",
    default: [],
    summary: "from one place of the window to the next, per axis; none: all 1",
  },
  low: { kind: "dims", default: [], usual: 0, summary: "how much padding stands before each axis; negative: cut off" },
  high: { kind: "dims", default: [], usual: 0, summary: "how much padding stands behind each axis; negative: cut off" },
  base_dilation: {
    kind: "integers",
    default: [],
    summary: "the distance between neighbours of x; padding stands between",
  },
  window_dilation: { kind: "integers", default: [], summary: "the distance between neighbours of the window" },
} as const;

export type WindowAttributes = AttributesOf<typeof windowAttributes>;

const names: WindowNames = {
  strides: "strides",
  low: "low",
  high: "high",
  dilation: "base_dilation",
  windowDilation: "window_dilation",
};

function listsIn(attributes: WindowAttributes): WindowLists {
  return {
    strides: attributes.strides,
    low: attributes.low,
    high: attributes.high,
    dilation: attributes.base_dilation,
    windowDilation: attributes.window_dilation,
  };
}

/** The window along each axis of x. */
export function windowsIn({ attributes }: { readonly attributes: WindowAttributes }): readonly AxisWindow[] {
  return windowsOf(attributes.window, listsIn(attributes));
}

/** The operands whose elements lie under several places of the window. */
export function sharedElements(operation: Operation<WindowAttributes>): readonly number[] {
  return windowsIn(operation).some(overlaps) ? [0] : [];
}

/** How often the code of an element is written out: for each element of a small window, as far as none is padding. */
export function copiesOf(operation: Operation<WindowAttributes>): number {
  const windows = windowsIn(operation);
  return windows.reduce((n, w) => (isWrittenOut(w, windows) ? n * Number(w.size) : n), 1);
}

/** The extents of the result: the places of the window. */
export function requireWindows(cx: TypeContext<WindowAttributes>, { shape }: TensorType): readonly Dim[] {
  return requireWindow(cx, shape, "axis of x");
}

/** The places of the window over elements of these extents, one entry in each list for each of what `per` says. */
export function requireWindow(cx: TypeContext<WindowAttributes>, shape: readonly Dim[], per: string): readonly Dim[] {
  const { window } = cx.attributes;
  if (window.length !== shape.length) {
    cx.fail("attribute", `window has ${counted(window.length, "entry")}, expected ${shape.length}, one per ${per}`);
  }
  for (const [axis, size] of window.entries()) cx.atLeast(size, 0, `window on axis ${axis}`);
  requireLists(cx, listsIn(cx.attributes), names, shape.length, "axis");
  return windowsIn(cx).map((w, axis) => requirePlaces(cx, shape[axis], w, `axis ${axis}`));
}

/** The attributes that say what these windows are, lists of nothing but defaults left out. */
export function attributesOfWindow(options: WindowOptions): WindowAttributes {
  const listed = <T>(list: readonly T[] = [], none: T): readonly T[] => (list.every((e) => e === none) ? [] : list);
  return {
    window: options.window,
    strides: listed(options.strides, 1),
    low: listed<Dim>(options.low, 0),
    high: listed<Dim>(options.high, 0),
    base_dilation: listed(options.baseDilation, 1),
    window_dilation: listed(options.windowDilation, 1),
  };
}

export function optionsOfWindows(windows: readonly AxisWindow[]): Required<WindowOptions> {
  return {
    window: windows.map((w) => w.size),
    strides: windows.map((w) => w.stride),
    low: windows.map((w) => w.low),
    high: windows.map((w) => w.high),
    baseDilation: windows.map((w) => w.dilation),
    windowDilation: windows.map((w) => w.windowDilation),
  };
}

/** The offsets in x of what lies under each of these places, as `offsetsUnder` gives them. */
export function offsetsIn(cx: EvalContext<WindowAttributes>, places: readonly number[]): Generator<Float64Array> {
  const windows = windowsIn(cx).map((w) => ({ ...w, size: cx.dim(w.size), low: cx.dim(w.low) }));
  const { shape } = cx.operands[0];
  return offsetsUnder(places, windows, shape, stridesOf(shape));
}

/** The windows of a whole batch. */
export function optionsOfBatch(operation: Operation<WindowAttributes>): Required<WindowOptions> {
  return optionsOfWindows([ofBatch, ...windowsIn(operation)]);
}

/** The window along a new axis of a batch: one element, at each place. */
const ofBatch: AxisWindow = { size: 1, stride: 1, low: 0, high: 0, dilation: 1, windowDilation: 1 };
