// Means, spreads and sizes.

import { composite, type Tensor } from "../frontend/index.ts";
import { fail, requireOptions } from "../ir/index.ts";
import {
  abs,
  any,
  cast,
  div,
  equal,
  exp2,
  floor,
  greater,
  less,
  log2,
  logicalAnd,
  max,
  min,
  minimum,
  mul,
  notEqual,
  pow,
  type ReduceOptions,
  type Reduction,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  where,
} from "./array/index.ts";
import { axesBeside, axesOf, axesOrAll, countAlong, requireFloat } from "./shapes.ts";

/** A function under its name that reduces axes, with more options of its own. */
function reducing<More>(name: string, body: (x: Tensor, options?: ReduceOptions & More) => Tensor): Reduction<More>;
/** @__NO_SIDE_EFFECTS__ */
function reducing(name: string, body: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return composite(name, body);
}

/**
 * The arithmetic mean over axes; NaN of no elements.
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have.
 * @example mean(tensor([1, 2, 6])) // 3
 */
export const mean: Reduction = reducing<unknown>("mean", (x: Tensor, options: ReduceOptions = {}): Tensor => {
  requireOptions("mean", options, ["axes", "keepDims"]);
  requireFloat(x, "mean");
  const { keepDims = false } = options;
  const axes = (keepDims ? axesOf : axesOrAll)(x, options.axes, "mean");
  return div(sum(x, { axes, keepDims }), countAlong(x, axes, x.dtype));
});

interface Correction {
  /** What is subtracted from the number of elements: 0 where left out, 1 for the unbiased estimate. */
  readonly correction?: number;
}

export interface SpreadOptions extends ReduceOptions, Correction {}

function squaredDeviation(x: Tensor, options: SpreadOptions, where: string): Tensor {
  requireOptions(where, options, ["axes", "correction", "keepDims"]);
  requireFloat(x, where);
  const axes = axesBeside(x, options, where);
  const { keepDims = false } = options;
  const correction = options.correction ?? 0;
  const count = countAlong(x, axes, x.dtype);
  const centred = sub(x, div(sum(x, { axes, keepDims: axes !== null }), count));
  return div(
    sum(square(centred), { axes, keepDims }),
    correction === 0 ? count : countAlong(x, axes, x.dtype, correction),
  );
}

/**
 * The variance over axes: the mean of squared distances from the mean (Python array API `var`).
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have.
 * @example variance(tensor([1, 3])) // 1
 */
export const variance: Reduction<Correction> = reducing<Correction>(
  "variance",
  (x: Tensor, options: SpreadOptions = {}): Tensor => squaredDeviation(x, options, "variance"),
);

/**
 * The standard deviation over axes: the root of the variance; where that is 0 its derivative is 0.
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have.
 * @example std(tensor([1, 3])) // 1
 */
export const std: Reduction<Correction> = reducing<Correction>(
  "std",
  (x: Tensor, options: SpreadOptions = {}): Tensor => {
    // at 0, where a root of squares has its corner, the derivative is 0
    const squared = squaredDeviation(x, options, "std");
    const isZero = equal(squared, 0);
    return where(isZero, 0, sqrt(where(isZero, 1, squared)));
  },
);

export interface NormOptions extends ReduceOptions {
  /** The order p; 2 where left out, and any number, ±Infinity included. */
  readonly p?: number;
}

/** What is reduced, the axes from the front. */
interface Over {
  /** Null: all of a tensor whose rank is not known. */
  readonly axes: readonly number[] | null;
  readonly keepDims: boolean;
}

/**
 * The p-norm of the elements over axes, (Σ|x|^p)^(1/p): their number other than 0 for p = 0, the largest size for
 * Infinity (Python array API `linalg.vector_norm`). Nothing overflows on the way; the
 * derivative at 0 is 0.
 *
 * @throws AdjointError `dtype` for a tensor that is no float, `axis` for one that it does not have, `option` for p NaN.
 * @example norm(tensor([3, 4])) // 5
 */
export const norm = composite("norm", (x: Tensor, options: NormOptions = {}): Tensor => {
  requireOptions("norm", options, ["axes", "keepDims", "p"]);
  requireFloat(x, "norm");
  const { keepDims = false } = options;
  const p = options.p ?? 2;
  if (typeof p !== "number" || Number.isNaN(p)) fail("option", `norm: option 'p' is ${String(p)}, expected a number`);
  const over = { axes: axesBeside(x, options, "norm"), keepDims };
  if (p === Infinity) return max(abs(x), over);
  if (p === -Infinity) return min(abs(x), over);
  if (p === 0) return sum(cast(notEqual(x, 0), x.dtype), over);
  if (p === 1) return sum(abs(x), over);
  return p > 0 ? scaledNorm(x, p, over) : inverseNorm(x, p, over);
});

/**
 * scale · (Σ|x/scale|^p)^(1/p): the norm does not depend on the scale, so no derivative flows through it. It is the power
 * of 2 at the largest size, which rounds nothing.
 */
function scaledNorm(x: Tensor, p: number, { axes, keepDims }: Over): Tensor {
  const scaled = div(x, scaleOf(x, axes, axes !== null));
  const total = sum(p === 2 ? square(scaled) : powerOfSize(scaled, p), { axes, keepDims });
  const isZero = equal(total, 0);
  const root = where(isZero, 0, rootOf(where(isZero, 1, total), p));
  return mul(root, scaleOf(x, axes, keepDims));
}

/** (Σ|x|^p)^(1/p) for p below 0: as soon as an element is 0 it is 0, and so are its slopes. */
function inverseNorm(x: Tensor, p: number, { axes, keepDims }: Over): Tensor {
  const [without, isZero] = [true, keepDims].map((keep) => any(equal(x, 0), { axes, keepDims: keep }));
  const total = sum(pow(abs(where(without, 1, x)), p), { axes, keepDims });
  return where(isZero, 0, pow(total, 1 / p));
}

function scaleOf(x: Tensor, axes: Over["axes"], keepDims: boolean): Tensor {
  const largest = stopGradient(max(abs(x), { axes, keepDims }));
  const isUsual = logicalAnd(greater(largest, 0), less(largest, Infinity));
  const exponent = floor(log2(where(isUsual, largest, 1)));
  return exp2(minimum(exponent, x.dtype === "f32" ? 126 : 1022));
}

const rootOf = (x: Tensor, p: number): Tensor => (p === 2 ? sqrt(x) : pow(x, 1 / p));

/** |x|^p, with derivative 0 at 0. */
function powerOfSize(x: Tensor, p: number): Tensor {
  const isZero = equal(x, 0);
  return where(isZero, 0, pow(abs(where(isZero, 1, x)), p));
}
