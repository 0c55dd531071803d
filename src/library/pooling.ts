// Pooling: what lies under a window becomes one element. Batch and features stay.

import { applySliding, composite, type Tensor } from "../frontend/index.ts";
import { addDims, type Dim, requireOptions, shapeOf, subDims, tensorType } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { div, max } from "./array/index.ts";
import { requireFloat } from "./shapes.ts";
import { mean } from "./statistics.ts";
import {
  alongOf,
  ceiled,
  imageAxes,
  type LayoutName,
  onAllAxes,
  type PaddingOption,
  paddingOf,
  perAxis,
} from "./windows.ts";

export interface PoolOptions {
  /** From one place of the window to the next, for all spatial axes or each; the window's size where left out. */
  readonly stride?: number | readonly number[];
  /** What is put around x: on each side of every axis, of each axis, `[before, behind]` of each; "same" keeps extents / stride. */
  readonly padding?: PaddingOption;
  /** The distance between neighbours of the window; 1 where left out. */
  readonly dilation?: number | readonly number[];
  /** Whether a last window that reaches beyond the end counts; false where left out. */
  readonly ceilMode?: boolean;
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: LayoutName;
}

type Size = number | readonly number[];

/** The window over all axes of x, and the spatial part of its padding. */
interface Window {
  readonly window: readonly Dim[];
  readonly strides: readonly number[];
  readonly windowDilation: readonly number[];
  readonly low: readonly Dim[];
  readonly high: readonly Dim[];
  /** The padding that the options ask for, without what `ceilMode` adds. */
  readonly asked: readonly Dim[];
  readonly spatial: readonly number[];
}

function windowOf(x: Tensor, size: Size, spatial: number | null, options: PoolOptions, where: string): Window {
  const image = imageAxes(x, spatial, options.layout, where);
  const n = image.spatial.length;
  const sizes = perAxis(size, n, 1, `${where}: the size`, 1);
  const strides = options.stride === undefined ? sizes : perAxis(options.stride, n, 1, `${where}: option 'stride'`, 1);
  const dilations = perAxis(options.dilation, n, 1, `${where}: option 'dilation'`, 1);
  const along = alongOf(x, image.spatial, sizes, strides, dilations);
  const pads = paddingOf(options.padding, along, where);
  const all = <T>(list: readonly T[], otherwise: T): readonly T[] => onAllAxes(x.rank, image.spatial, list, otherwise);
  return {
    window: all<Dim>(sizes, 1),
    strides: all(strides, 1),
    windowDilation: all(dilations, 1),
    low: all<Dim>(pads.low, 0),
    high: all<Dim>(options.ceilMode === true ? ceiled(pads, along) : pads.high, 0),
    asked: all<Dim>(pads.high, 0),
    spatial: image.spatial,
  };
}

const poolNames = ["ceilMode", "dilation", "layout", "padding", "stride"] as const;

/** @__NO_SIDE_EFFECTS__ */
function maxPooling(name: string, spatial: number | null) {
  return composite(name, (x: Tensor, size: Size, options: PoolOptions = {}): Tensor => {
    requireOptions(name, options, poolNames);
    const { asked: _asked, spatial: _spatial, ...window } = windowOf(x, size, spatial, options, name);
    return applySliding(maxPool, [x], (v) => [ops.reduceWindow(v, { kind: "max", ...window })])[0];
  });
}

/**
 * The largest element under a window of `size` (one number, or one per spatial axis), at each of its places: x [N, H, W, C],
 * or with one or three spatial axes; [N, C, H, W] with layout "NCHW". Padding never is the largest. The derivative goes
 * to the first largest (torch `max_pool2d`).
 *
 * @throws AdjointError `shape` for a rank that is not 3, 4 or 5, or a window that is too large, `option`.
 * @example maxPool(tensor([1, 2, 3, 4], { shape: [1, 2, 2, 1] }), 2) // [[[[4]]]]
 */
export const maxPool = maxPooling("maxPool", null);

/** maxPool along one axis: x [N, W, C]. @example maxPool1d(tensor([[[1], [3], [2]]]), 2, { stride: 1 }) // [[[3], [3]]] */
export const maxPool1d = maxPooling("maxPool1d", 1);

export interface AvgPoolOptions extends Omit<PoolOptions, "dilation"> {
  /** Whether padding counts as zeros in the mean; true where left out. */
  readonly countIncludePad?: boolean;
}

/**
 * The mean under a window of `size` (one number, or one per spatial axis), at each of its places: x [N, H, W, C], or with
 * one or three spatial axes; [N, C, H, W] with layout "NCHW" (torch `avg_pool2d`).
 *
 * @throws AdjointError `shape` for a rank that is not 3, 4 or 5, or a window that is too large, `dtype`, `option`.
 * @example avgPool(tensor([1, 2, 3, 6], { shape: [1, 2, 2, 1] }), 2) // [[[[3]]]]
 */
export const avgPool = composite("avgPool", (x: Tensor, size: Size, options: AvgPoolOptions = {}): Tensor => {
  requireOptions("avgPool", options, ["ceilMode", "countIncludePad", "layout", "padding", "stride"]);
  requireFloat(x, "avgPool");
  const { countIncludePad = true, ...rest } = options;
  const all = windowOf(x, size, null, rest, "avgPool");
  const { asked, spatial: _, ...window } = all;
  const total = applySliding(avgPool, [x], (v) => [ops.reduceWindow(v, { kind: "sum", ...window })])[0];
  const isPadded = [...window.low, ...asked].some((d) => d !== 0);
  const isEven = rest.ceilMode !== true && (countIncludePad || !isPadded);
  if (isEven)
    return div(
      total,
      window.window.reduce<number>((a, b) => a * Number(b), 1),
    );
  return div(total, countsUnder(x, all, countIncludePad));
});

/** How many elements lie under the window at each place: with the padding asked for, or without. */
function countsUnder(x: Tensor, { asked, spatial, ...window }: Window, includePad: boolean): Tensor {
  return applySliding(avgPool, [x], (v) => {
    const extent = (d: Dim, axis: number): Dim => {
      if (!spatial.includes(axis)) return 1;
      return includePad ? addDims(addDims(d, window.low[axis]), asked[axis]) : d;
    };
    const one = ops.constant(1, tensorType(x.dtype, shapeOf(v).map(extent)));
    const beyond = includePad
      ? { low: asked.map(() => 0), high: window.high.map((d, axis) => subDims(d, asked[axis])) }
      : {};
    return [ops.reduceWindow(one, { kind: "sum", ...window, ...beyond })];
  })[0];
}

export interface GlobalPoolOptions {
  /** Keep the spatial axes with extent 1; false where left out. */
  readonly keepDims?: boolean;
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: LayoutName;
}

/**
 * The mean of each feature over all spatial axes: of x [N, H, W, C] a tensor [N, C].
 *
 * @throws AdjointError `shape` for a rank that is not 3, 4 or 5, `dtype`, `option`.
 * @example globalAvgPool(tensor([1, 2, 3, 6], { shape: [1, 2, 2, 1] })) // [[3]]
 */
export const globalAvgPool = composite("globalAvgPool", (x: Tensor, options: GlobalPoolOptions = {}): Tensor => {
  requireOptions("globalAvgPool", options, ["keepDims", "layout"]);
  const { spatial } = imageAxes(x, null, options.layout, "globalAvgPool");
  return mean(x, { axes: spatial, keepDims: options.keepDims === true });
});

/** As globalAvgPool, with the largest. @example globalMaxPool(tensor([[[1], [3]]])) // [[3]] */
export const globalMaxPool = composite("globalMaxPool", (x: Tensor, options: GlobalPoolOptions = {}): Tensor => {
  requireOptions("globalMaxPool", options, ["keepDims", "layout"]);
  const { spatial } = imageAxes(x, null, options.layout, "globalMaxPool");
  return max(x, { axes: spatial, keepDims: options.keepDims === true });
});
