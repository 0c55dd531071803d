// Images: patches laid out as rows of a matrix, and other sizes.

import { apply, applyIndexing, composite, dimsFor, type Size, type Tensor } from "../frontend/index.ts";
import {
  addDims,
  counted,
  type Dim,
  exactDim,
  fail,
  mulDims,
  productOf,
  requireOptions,
  scalar,
  shapeOf,
  subDims,
  tensorType,
  type Value,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { add, mul, sub } from "./array/index.ts";
import { otherAxes, requireFloat, requireInteger } from "./shapes.ts";
import {
  alongOf,
  imageAxes,
  type LayoutName,
  onAllAxes,
  type PaddingOption,
  paddingOf,
  perAxis,
  placesOf,
} from "./windows.ts";

export interface PatchOptions {
  /** From one place of the window to the next, for all spatial axes or each; 1 where left out. */
  readonly stride?: number | readonly number[];
  /** Zeros around x: on each side of every axis, of each axis, `[before, behind]` of each; "same" keeps extents / stride. */
  readonly padding?: PaddingOption;
  /** The distance between neighbours of the window; 1 where left out. */
  readonly dilation?: number | readonly number[];
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: LayoutName;
}

/**
 * What lies under a window of `size` at each of its places, as a row: of x [N, H, W, C] a tensor [N, places, KH · KW · C],
 * which times a kernel [KH · KW · C, out] is its convolution. With layout "NCHW" a column, [N, C · KH · KW, places] (torch
 * `unfold`).
 *
 * @throws AdjointError `shape` for a rank that is not 3, 4 or 5, or a window that is too large, `option`.
 * @example im2col(tensor([[[1], [2], [3]]]), 2) // [[[1, 2], [2, 3]]]
 */
export const im2col = composite(
  "im2col",
  (x: Tensor, size: number | readonly number[], options: PatchOptions = {}): Tensor => {
    requireOptions("im2col", options, ["dilation", "layout", "padding", "stride"]);
    const { spatial, isFeatureLast } = imageAxes(x, null, options.layout, "im2col");
    const n = spatial.length;
    const sizes = perAxis(size, n, 1, "im2col: the size", 1);
    const strides = perAxis(options.stride, n, 1, "im2col: option 'stride'", 1);
    const dilations = perAxis(options.dilation, n, 1, "im2col: option 'dilation'", 1);
    const along = alongOf(x, spatial, sizes, strides, dilations);
    const pads = paddingOf(options.padding, along, "im2col");
    const places = along.map((axis, i) => placesOf(axis, pads.low[i], pads.high[i]));
    const all = <T>(list: readonly T[], otherwise: T): readonly T[] => onAllAxes(x.rank, spatial, list, otherwise);
    return apply(im2col, [x], (v) => {
      const padded = ops.pad(v, { low: all<Dim>(pads.low, 0), high: all<Dim>(pads.high, 0) });
      const shape = shapeOf(padded);
      const pieces = offsetsIn(sizes).map((at) => {
        const from = at.map((k, i) => k * dilations[i]);
        const until = from.map((k, i) => addDims(k, addDims(mulDims(subDims(places[i], 1), strides[i]), 1)));
        const limit = shape.map((d, a) => (spatial.includes(a) ? until[spatial.indexOf(a)] : d));
        return ops.slice(padded, { start: all<Dim>(from, 0), limit, strides: all(strides, 1) });
      });
      return [laidOut(pieces, productOf(places), isFeatureLast)];
    })[0];
  },
);

/** Every subscript of a box, row-major. */
function offsetsIn(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, k) => [...at, k])),
    [[]],
  );
}

/** One piece for each element of the window, put side by side: last, or behind each feature. */
function laidOut(pieces: readonly Value[], places: Dim, isFeatureLast: boolean): Value {
  const shape = shapeOf(pieces[0]);
  const [batch, features] = [shape[0], shape[isFeatureLast ? shape.length - 1 : 1]];
  const flat = pieces.map((p) =>
    ops.reshape(p, isFeatureLast ? [batch, places, 1, features] : [batch, features, 1, places]),
  );
  const all = ops.concatenate(flat, 2);
  const n = mulDims(pieces.length, features);
  return ops.reshape(all, isFeatureLast ? [batch, places, n] : [batch, n, places]);
}

export interface ResizeOptions {
  /** Whether the middles of the outermost elements stay where they are, not their outer edges; false where left out. */
  readonly alignCorners?: boolean;
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: LayoutName;
}

/**
 * Images of another size: each element a mean of the nearest on each spatial axis, weighted by how near they are. x is
 * [N, H, W, C], or has one or three spatial axes; [N, C, H, W] with layout "NCHW" (torch `interpolate`, mode "bilinear").
 *
 * @throws AdjointError `shape` for a rank that is not 3, 4 or 5 or sizes that are not as many as spatial axes, `dtype`.
 * @example resizeBilinear(tensor([[[0], [2]]]), [4]) // [[[0], [0.5], [1.5], [2]]]
 */
export const resizeBilinear = composite(
  "resizeBilinear",
  (x: Tensor, size: readonly Size[], options: ResizeOptions = {}): Tensor => {
    requireOptions("resizeBilinear", options, ["alignCorners", "layout"]);
    requireFloat(x, "resizeBilinear");
    const { spatial } = imageAxes(x, null, options.layout, "resizeBilinear");
    const extents = sizesOf(size, spatial.length, "resizeBilinear");
    return spatial.reduce((y, axis, i) => resized(y, axis, extents[i], options.alignCorners === true), x);
  },
);

export interface NearestOptions {
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: LayoutName;
}

/**
 * Images of another size by repeating or leaving out: element i of a spatial axis is the one at ⌊i · n / m⌋ of n where the
 * result has m (torch `interpolate`, mode "nearest", with exact places). x is as in `resizeBilinear`, of any dtype.
 *
 * @throws AdjointError `shape` for a rank that is not 3, 4 or 5 or sizes that are not as many as spatial axes.
 * @example resizeNearest(tensor([[[0], [2]]]), [4]) // [[[0], [0], [2], [2]]]
 */
export const resizeNearest = composite(
  "resizeNearest",
  (x: Tensor, size: readonly Size[], options: NearestOptions = {}): Tensor => {
    requireOptions("resizeNearest", options, ["layout"]);
    const { spatial } = imageAxes(x, null, options.layout, "resizeNearest");
    const extents = sizesOf(size, spatial.length, "resizeNearest");
    return applyIndexing(resizeNearest, [x], (v) => [
      spatial.reduce((y, axis, i) => taken(y, axis, nearestPlaces(shapeOf(v)[axis], extents[i])), v),
    ])[0];
  },
);

/** ⌊i · n / extent⌋ for each i: products of extents are exact in f64, and no quotient rounds up to a whole number. */
function nearestPlaces(n: Dim, extent: Dim): Value {
  const wide = (d: Dim): Value => ops.broadcast(ops.cast(ops.dim(d), "f64"), [extent], []);
  const i = ops.iota(tensorType("f64", [extent]));
  return ops.cast(ops.floor(ops.div(ops.mul(i, wide(n)), wide(extent))), "i32");
}

function sizesOf(size: readonly Size[], n: number, where: string): readonly Dim[] {
  const extents = dimsFor(size);
  if (extents.length !== n || extents.includes(-1))
    fail("shape", `${where}: got ${counted(extents.length, "extent")} from 0, expected ${n}`);
  return extents;
}

/**
 * Features become space: of r² features each, one block of r × r elements (W. Shi et al. 2016; torch `pixel_shuffle`). Of x
 * [N, H, W, C · r²] a tensor [N, H · r, W · r, C] in which feature c at row i and column j of a block was feature
 * (c · r + i) · r + j; the same features of [N, C · r², H, W] with layout "NCHW". Any dtype.
 *
 * @throws AdjointError `shape` for a rank that is not 4 or features that r² does not divide, `argument` for an r below 1.
 * @example pixelShuffle(tensor([[[[1, 2, 3, 4]]]]), 2) // [[[[1], [2]], [[3], [4]]]]
 */
export const pixelShuffle = composite("pixelShuffle", (x: Tensor, r: number, options: NearestOptions = {}): Tensor => {
  requireOptions("pixelShuffle", options, ["layout"]);
  requireInteger(r, "pixelShuffle: r", 1);
  const { feature, isFeatureLast } = imageAxes(x, 2, options.layout, "pixelShuffle");
  return apply(pixelShuffle, [x], (v) => {
    const shape = shapeOf(v);
    const features = shape[feature];
    if (typeof features === "number" && features % (r * r) !== 0)
      fail("shape", `pixelShuffle: x has ${counted(features, "feature")}, expected a multiple of r² = ${r * r}`);
    const [n, h, w] = isFeatureLast ? [shape[0], shape[1], shape[2]] : [shape[0], shape[2], shape[3]];
    const c = exactDim(features, r * r);
    const [rows, columns] = [mulDims(h, r), mulDims(w, r)];
    if (isFeatureLast) {
      const apart = ops.reshape(v, [n, h, w, c, r, r]);
      return [ops.reshape(ops.permute(apart, [0, 1, 4, 2, 5, 3]), [n, rows, columns, c])];
    }
    const apart = ops.reshape(v, [n, c, r, r, h, w]);
    return [ops.reshape(ops.permute(apart, [0, 1, 4, 2, 5, 3]), [n, c, rows, columns])];
  })[0];
});

/** Linear interpolation along one axis. */
function resized(x: Tensor, axis: number, extent: Dim, alignCorners: boolean): Tensor {
  const [low, high, share] = applyIndexing(resized, [x], (v) => {
    const n = shapeOf(v)[axis];
    const source = placesIn(v, n, extent, alignCorners);
    const floor = ops.floor(source);
    const first = ops.cast(floor, "i32");
    const last = ops.broadcast(ops.dim(subDims(n, 1)), [extent], []);
    const next = ops.minimum(ops.add(first, ops.constantLike(1, first)), last);
    const share = ops.sub(source, floor);
    const wide = ops.broadcast(share, [...shapeOf(v).slice(0, axis), extent, ...shapeOf(v).slice(axis + 1)], [axis]);
    return [taken(v, axis, first), taken(v, axis, next), wide];
  });
  return add(low, mul(sub(high, low), share));
}

/** Where each element of the result lies among those of x, from 0. */
function placesIn(v: Value, n: Dim, extent: Dim, alignCorners: boolean): Value {
  const dtype = (v.type as { readonly dtype: "f32" | "f64" }).dtype;
  const type = tensorType(dtype, [extent]);
  const at = (d: Dim): Value => ops.cast(ops.dim(d), dtype);
  const wide = (x: Value): Value => ops.broadcast(x, [extent], []);
  const i = ops.iota(type);
  if (alignCorners) {
    const gaps = ops.maximum(at(subDims(extent, 1)), ops.constant(1, scalar(dtype)));
    return ops.mul(i, wide(ops.div(at(subDims(n, 1)), gaps)));
  }
  const half = ops.constant(0.5, type);
  const middle = ops.sub(ops.mul(ops.add(i, half), wide(ops.div(at(n), at(extent)))), half);
  return ops.maximum(middle, ops.constant(0, type));
}

/** The elements at these subscripts of an axis. */
function taken(v: Value, axis: number, indices: Value): Value {
  const shape = shapeOf(v);
  return ops.gather(v, indices, {
    offsetAxes: otherAxes(shape.length, [axis]),
    collapsedAxes: [axis],
    indexMap: [axis],
    indexAxis: 1,
    sizes: shape.map((d, a) => (a === axis ? 1 : d)),
    mode: "clamp",
  });
}
