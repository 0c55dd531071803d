// Softmax and its kin. The largest element is subtracted first, under stopGradient: the result does not depend on what is
// subtracted, so no derivative flows through it, and ties have none of their own.

import {
  type asMethod,
  axisOr,
  composite,
  customJvp,
  type OwnDType,
  type ShapeIn,
  scan,
  sizesOf,
  type Tensor,
} from "../frontend/index.ts";
import { requireOptions } from "../ir/index.ts";
import {
  add,
  div,
  equal,
  exp,
  isInf,
  log,
  logaddexp,
  max,
  squeeze,
  stopGradient,
  sub,
  sum,
  where,
} from "./array/index.ts";
import { full } from "./creation.ts";
import { moveaxis } from "./layout.ts";
import { type Axes, axesBeside, rankOf, requireFloat } from "./shapes.ts";

export interface AxisOptions {
  /** The axis along which is normalised, negatives from the end; the last where left out. */
  readonly axis?: number;
}

/** The largest element along the axes, kept; 0 in place of an infinity, which would make NaN of differences. */
function shiftOf(x: Tensor, axes: readonly number[] | null): Tensor {
  const largest = stopGradient(max(x, { axes, keepDims: axes !== null }));
  return where(isInf(largest), 0, largest);
}

/** A function along one axis, which stays. */
interface Along {
  <X extends Tensor>(x: X, options?: AxisOptions): Tensor<ShapeIn<X>, OwnDType<X>>;
  readonly [asMethod]?: <X extends Tensor>(this: X, options?: AxisOptions) => Tensor<ShapeIn<X>, OwnDType<X>>;
}

function along(name: string, body: (x: Tensor, options?: AxisOptions) => Tensor): Along;
/** @__NO_SIDE_EFFECTS__ */
function along(name: string, body: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return composite(name, body);
}

export interface LogsumexpOptions {
  /** The axes that are reduced, negatives from the end; all where left out or null. */
  readonly axes?: Axes | null;
  /** Keep reduced axes with extent 1. */
  readonly keepDims?: boolean;
}

/** Its derivative is 0 where the total is: of nothing but -∞ none has a share. */
const logOfTotal = customJvp(
  (total: Tensor) => log(total),
  (args, [tangent]) => {
    const total = args[0] as Tensor;
    return [log(total), div(tangent as Tensor, where(equal(total, 0), 1, total))];
  },
);

/**
 * log Σ eˣ over axes, without overflow; -∞ of no elements, and of nothing but -∞, where the derivative is 0.
 *
 * @throws AdjointError `axis` for one that x does not have.
 * @example logsumexp(tensor([1000, 1000])) // 1000.6931471805599
 */
export const logsumexp = composite("logsumexp", (x: Tensor, options: LogsumexpOptions = {}): Tensor => {
  requireOptions("logsumexp", options, ["axes", "keepDims"]);
  const axes = axesBeside(x, options, "logsumexp");
  const shift = shiftOf(x, axes);
  const total = sum(exp(sub(x, shift)), { axes, keepDims: axes !== null });
  const kept = add(logOfTotal(total), shift);
  return options.keepDims === true || axes === null ? kept : squeeze(kept, { axes });
});

/**
 * eˣ / Σ eˣ along an axis: positive, of sum 1. An element -∞ has no share; where all are, or one is ∞, there are none: NaN.
 *
 * @throws AdjointError `axis` for one that x does not have.
 * @example softmax(tensor([5, 5])) // [0.5, 0.5]
 */
export const softmax: Along = along("softmax", (x: Tensor, options: AxisOptions = {}): Tensor => {
  requireOptions("softmax", options, ["axis"]);
  const axes = [axisOr(options.axis, -1, rankOf(x, "softmax"))];
  const scaled = exp(sub(x, shiftOf(x, axes)));
  return div(scaled, sum(scaled, { axes, keepDims: true }));
});

/**
 * log(softmax(x)) along an axis, accurate where softmax is next to 0.
 *
 * @throws AdjointError `axis` for one that x does not have.
 * @example logSoftmax(tensor([1000, 0])) // [0, -1000]
 */
export const logSoftmax: Along = along("logSoftmax", (x: Tensor, options: AxisOptions = {}): Tensor => {
  requireOptions("logSoftmax", options, ["axis"]);
  const axes = [axisOr(options.axis, -1, rankOf(x, "logSoftmax"))];
  const shifted = sub(x, shiftOf(x, axes));
  return sub(shifted, log(sum(exp(shifted), { axes, keepDims: true })));
});

/**
 * log Σ eˣ of the elements up to each along an axis, without overflow.
 *
 * @throws AdjointError `axis` for one that x does not have, `dtype` for a tensor that is no float.
 * @example logcumsumexp(tensor([1000, 1000])) // [1000, 1000.6931471805599]
 */
export const logcumsumexp = composite("logcumsumexp", (x: Tensor, options: AxisOptions = {}): Tensor => {
  requireOptions("logcumsumexp", options, ["axis"]);
  requireFloat(x, "logcumsumexp");
  const axis = axisOr(options.axis, -1, rankOf(x, "logcumsumexp"));
  const first = moveaxis(x, axis, 0);
  const nothing = full(sizesOf(first).slice(1), -Infinity, { dtype: x.dtype });
  const step = (total: Tensor, next: Tensor): readonly [Tensor, Tensor] => {
    const sum = logaddexp(total, next);
    return [sum, sum];
  };
  return moveaxis(scan(step, nothing, first)[1], 0, axis);
});
