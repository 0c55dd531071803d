// Normalisations: mean 0 and variance 1 over some axes, then a scale and a shift.

import { axisOr, composite, sizesOf, type Tensor } from "../frontend/index.ts";
import { counted, fail, requireOptions, shapeOf } from "../ir/index.ts";
import { add, div, mul, reshape, rsqrt, square, sub, sum } from "./array/index.ts";
import { type Axes, axesOf, count, countAlong, otherAxes, rankOf, requireFloat, requireInteger } from "./shapes.ts";

/** The mean over axes, kept. */
function meanOf(x: Tensor, axes: readonly number[]): Tensor {
  return div(sum(x, { axes, keepDims: true }), countAlong(x, axes, x.dtype));
}

/** (x - mean) / √(variance + epsilon) over axes. */
function normalized(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centred = sub(x, meanOf(x, axes));
  return mul(centred, rsqrt(add(meanOf(square(centred), axes), epsilon)));
}

function affine(x: Tensor, scale: Tensor | null | undefined, shift: Tensor | null | undefined): Tensor {
  const scaled = scale == null ? x : mul(x, scale);
  return shift == null ? scaled : add(scaled, shift);
}

export interface LayerNormOptions {
  /** The axes over which is normalised; the last where left out. */
  readonly axes?: Axes;
  /** Added to the variance; 1e-5 where left out. */
  readonly epsilon?: number;
}

/**
 * Normalises over axes, then scales and shifts, by tensors that broadcast (Ba et al. 2016).
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have.
 * @example layerNorm(tensor([1, 3]), null, null, { epsilon: 0 }) // [-1, 1]
 */
export const layerNorm = composite(
  "layerNorm",
  (x: Tensor, scale?: Tensor | null, shift?: Tensor | null, options: LayerNormOptions = {}): Tensor => {
    requireOptions("layerNorm", options, ["axes", "epsilon"]);
    requireFloat(x, "layerNorm");
    const axes = axesOf(x, options.axes ?? -1, "layerNorm");
    return affine(normalized(x, axes, options.epsilon ?? 1e-5), scale, shift);
  },
);

/**
 * x / √(mean of x² + epsilon) over axes, then scales (Zhang and Sennrich 2019).
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have.
 * @example rmsNorm(tensor([1, -1]), null, { epsilon: 0 }) // [1, -1]
 */
export const rmsNorm = composite(
  "rmsNorm",
  (x: Tensor, scale?: Tensor | null, options: LayerNormOptions = {}): Tensor => {
    requireOptions("rmsNorm", options, ["axes", "epsilon"]);
    requireFloat(x, "rmsNorm");
    const axes = axesOf(x, options.axes ?? -1, "rmsNorm");
    return affine(mul(x, rsqrt(add(meanOf(square(x), axes), options.epsilon ?? 1e-5))), scale, null);
  },
);

export interface BatchNormOptions {
  /** The axis of the channels; the last where left out. */
  readonly axis?: number;
  /** Added to the variance; 1e-5 where left out. */
  readonly epsilon?: number;
  /** The mean of each channel, with `variance`; where left out, that of the batch is taken. */
  readonly mean?: Tensor;
  /** The variance of each channel, with `mean`. */
  readonly variance?: Tensor;
}

/**
 * Normalises each channel over all other axes, then scales and shifts it; scale, shift, mean and variance are vectors of
 * channels (Ioffe and Szegedy 2015). While training leave `mean` and `variance` out.
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have, `option` where one of
 * mean and variance is given without the other.
 * @example batchNorm(tensor([[1], [3]]), null, null, { epsilon: 0 }) // [[-1], [1]]
 */
export const batchNorm = composite(
  "batchNorm",
  (x: Tensor, scale?: Tensor | null, shift?: Tensor | null, options: BatchNormOptions = {}): Tensor => {
    requireOptions("batchNorm", options, ["axis", "epsilon", "mean", "variance"]);
    requireFloat(x, "batchNorm");
    const rank = rankOf(x, "batchNorm");
    const axis = axisOr(options.axis, -1, rank);
    const along = (t: Tensor | null | undefined): Tensor | null => (t == null ? null : placed(t, x, axis));
    const { epsilon = 1e-5, mean, variance } = options;
    if ((mean === undefined) !== (variance === undefined))
      fail("option", "batchNorm: got one of the options 'mean' and 'variance', expected both or none");
    const [m, v] = [along(mean), along(variance)];
    const result =
      m === null || v === null
        ? normalized(x, otherAxes(rank, [axis]), epsilon)
        : mul(sub(x, m), rsqrt(add(v, epsilon)));
    return affine(result, along(scale), along(shift));
  },
);

/** A vector of channels along the axis. */
function placed(vector: Tensor, x: Tensor, axis: number): Tensor {
  const rank = rankOf(vector, "a vector of channels");
  if (rank !== 1) fail("shape", `a vector of channels has rank ${rank}, expected 1`);
  return reshape(
    vector,
    count(x.rank - axis).map((i) => (i === 0 ? sizesOf(vector)[0] : 1)),
  );
}

export interface GroupNormOptions {
  /** The axis of the channels; the last where left out. */
  readonly axis?: number;
  /** Added to the variance; 1e-5 where left out. */
  readonly epsilon?: number;
}

/**
 * Normalises each group of neighbouring channels of each example (the first axis), then scales and shifts channels (Wu and
 * He 2018); as many groups as channels is instance normalisation.
 *
 * @throws AdjointError `shape` where the groups do not divide the channels.
 * @example groupNorm(tensor([[1, 3, 5, 7]]), 2, null, null, { epsilon: 0 }) // [[-1, 1, -1, 1]]
 */
export const groupNorm = composite(
  "groupNorm",
  (x: Tensor, groups: number, scale?: Tensor | null, shift?: Tensor | null, options: GroupNormOptions = {}): Tensor => {
    requireOptions("groupNorm", options, ["axis", "epsilon"]);
    requireFloat(x, "groupNorm");
    const axis = axisOr(options.axis, -1, rankOf(x, "groupNorm"));
    const shape = sizesOf(x);
    const channels = shape[axis];
    requireInteger(groups, "groupNorm: the groups", 1);
    if (typeof channels !== "number" || channels % groups !== 0)
      fail(
        "shape",
        `groupNorm: ${counted(groups, "group")} of ${counted(shapeOf(x)[axis], "channel")}, expected a divisor`,
      );
    const grouped = reshape(x, [...shape.slice(0, axis), groups, channels / groups, ...shape.slice(axis + 1)]);
    const axes = otherAxes(grouped.rank, [0, axis]);
    const result = reshape(normalized(grouped, axes, options.epsilon ?? 1e-5), shape);
    return affine(result, scale == null ? null : placed(scale, x, axis), shift == null ? null : placed(shift, x, axis));
  },
);
