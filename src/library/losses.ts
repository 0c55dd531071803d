// Losses: how far predictions are from what they should be.

import { axisOr, composite, type Operand, sizesOf, type Tensor } from "../frontend/index.ts";
import { fail, isFloat, requireOptions } from "../ir/index.ts";
import {
  abs,
  add,
  div,
  expandDims,
  less,
  log,
  logaddexp,
  maximum,
  mul,
  neg,
  notEqual,
  reshape,
  square,
  squeeze,
  sub,
  sum,
  take,
  takeAlongAxis,
  where,
} from "./array/index.ts";
import { onesLike } from "./creation.ts";
import { axesOrAll, count, countAlong, rankOf, requireFloat, requireTensor } from "./shapes.ts";
import { logSoftmax } from "./softmax.ts";

export type ReductionName = "mean" | "sum" | "none";

export interface LossOptions {
  /** "mean" or "sum" of all, or "none": one loss for each; "mean" where left out. */
  readonly reduction?: ReductionName;
}

/** The losses as the option says. */
function reduced(losses: Tensor, reduction: ReductionName, where: string): Tensor {
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  if (reduction !== "mean")
    fail("option", `${where}: option 'reduction' is ${String(reduction)}, expected "mean", "sum" or "none"`);
  return div(sum(losses), countAlong(losses, axesOrAll(losses, null, where), losses.dtype));
}

/** @__NO_SIDE_EFFECTS__ */
function elementwiseLoss(name: string, lossOf: (x: Operand, y: Operand) => Tensor) {
  return composite(name, (x: Tensor, target: Operand, options: LossOptions = {}): Tensor => {
    requireOptions(name, options, ["reduction"]);
    return reduced(lossOf(x, target), options.reduction ?? "mean", name);
  });
}

/**
 * Squared differences (torch `mse_loss`).
 *
 * @throws AdjointError `shape` where the operands do not broadcast.
 * @example mse(tensor([1, 2]), tensor([3, 2])) // 2
 */
export const mse = elementwiseLoss("mse", (x, y) => square(sub(x, y)));

/**
 * Sizes of differences (torch `l1_loss`).
 *
 * @throws AdjointError `shape` where the operands do not broadcast.
 * @example l1(tensor([1, 2]), tensor([3, 2])) // 1
 */
export const l1 = elementwiseLoss("l1", (x, y) => abs(sub(x, y)));

export interface HuberOptions extends LossOptions {
  /** The size of a difference from which on the loss is linear; 1 where left out. */
  readonly delta?: number;
}

/**
 * d²/2 for differences d up to `delta` in size, delta · (|d| - delta/2) for larger ones (Huber 1964).
 *
 * @throws AdjointError `shape` where the operands do not broadcast, `option` for a delta that is not above 0.
 * @example huber(tensor([0, 3]), tensor([1, 0])) // 1.5
 */
export const huber = composite("huber", (x: Tensor, target: Operand, options: HuberOptions = {}): Tensor => {
  requireOptions("huber", options, ["delta", "reduction"]);
  const { delta = 1, reduction = "mean" } = options;
  if (!(delta > 0)) fail("option", `huber: option 'delta' is ${delta}, expected a number above 0`);
  const size = abs(sub(x, target));
  const losses = where(less(size, delta), mul(square(size), 0.5), mul(sub(size, 0.5 * delta), delta));
  return reduced(losses, reduction, "huber");
});

export interface CrossEntropyOptions extends LossOptions {
  /** The axis of the classes; the last where left out. */
  readonly axis?: number;
  /** How much of each target is spread evenly over all classes; 0 where left out. */
  readonly labelSmoothing?: number;
  /** The label whose places count for nothing, also not in the mean. */
  readonly ignoreIndex?: number;
  /** How much each class counts, a vector; the mean is weighted with it. */
  readonly weight?: Tensor;
}

const crossEntropyNames = ["axis", "ignoreIndex", "labelSmoothing", "reduction", "weight"] as const;

/**
 * -Σ p · log softmax(logits) over the axis of classes. The target holds integer labels, one axis fewer than the logits, or
 * probabilities, the logits' shape. The mean is over the labels that count (torch `cross_entropy`).
 *
 * @throws AdjointError `shape` where the ranks do not fit, `dtype` for logits that are no floats, `range` when it runs and
 * a label is no class.
 * @example crossEntropy(tensor([[0, 0]]), i32([1])) // 0.6931471805599453
 */
export const crossEntropy = composite(
  "crossEntropy",
  (logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor => {
    const name = "crossEntropy";
    requireOptions(name, options, crossEntropyNames);
    requireFloat(logits, name);
    requireTensor(target, name);
    const axis = axisOr(options.axis, -1, rankOf(logits, name));
    const logs = logSoftmax(logits, { axis });
    if (!isFloat(target.dtype)) return ofLabels(logs, target, axis, options, name);
    if (target.rank !== logits.rank)
      fail("shape", `${name}: the probabilities have rank ${target.rank}, expected ${logits.rank} as the logits`);
    if (options.ignoreIndex != null)
      fail("option", `${name}: option 'ignoreIndex' is for labels, the target holds probabilities`);
    const each = classWise(logs, options.weight, axis, name);
    return reduced(
      mixed(neg(sum(mul(target, each), { axes: axis })), each, axis, options),
      options.reduction ?? "mean",
      name,
    );
  },
);

/** The logarithms as much as their classes count. */
function classWise(logs: Tensor, weight: Tensor | undefined, axis: number, name: string): Tensor {
  if (weight == null) return logs;
  if (rankOf(weight, name) !== 1) fail("shape", `${name}: the weights have rank ${weight.rank}, expected 1`);
  return mul(
    logs,
    reshape(
      weight,
      count(logs.rank - axis).map((i) => (i === 0 ? sizesOf(weight)[0] : 1)),
    ),
  );
}

/** The losses, mixed with those of a target that is spread over all classes. */
function mixed(losses: Tensor, each: Tensor, axis: number, { labelSmoothing = 0 }: CrossEntropyOptions): Tensor {
  if (labelSmoothing === 0) return losses;
  const even = div(neg(sum(each, { axes: axis })), countAlong(each, [axis], each.dtype));
  return add(mul(losses, 1 - labelSmoothing), mul(even, labelSmoothing));
}

function ofLabels(
  logs: Tensor,
  target: Tensor,
  axis: number,
  { reduction = "mean", ...options }: CrossEntropyOptions,
  name: string,
): Tensor {
  if (target.rank !== logs.rank - 1)
    fail("shape", `${name}: the labels have rank ${target.rank}, expected ${logs.rank - 1}, one less than the logits`);
  const { ignoreIndex, weight } = options;
  const counts = ignoreIndex == null ? null : notEqual(target, ignoreIndex);
  const labels = counts === null ? target : where(counts, target, 0);
  const each = classWise(logs, weight, axis, name);
  const picked = squeeze(takeAlongAxis(each, expandDims(labels, { axis }), { axis }), { axes: axis });
  const losses = mixed(neg(picked), each, axis, options);
  const kept = counts === null ? losses : where(counts, losses, 0);
  if (reduction !== "mean" || (counts === null && weight == null)) return reduced(kept, reduction, name);
  const shares = weight == null ? onesLike(losses) : take(weight, labels);
  return div(sum(kept), sum(counts === null ? shares : where(counts, shares, 0)));
}

/**
 * -(y · log x + (1 - y) · log(1 - x)) for probabilities x; logarithms below -100 count as -100 (torch
 * `binary_cross_entropy`).
 *
 * @throws AdjointError `shape` where the operands do not broadcast.
 * @example binaryCrossEntropy(tensor([0.5]), tensor([1])) // 0.6931471805599453
 */
export const binaryCrossEntropy = elementwiseLoss("binaryCrossEntropy", (x, y) => {
  const logOf = (p: Operand): Tensor => maximum(log(p), -100);
  return neg(add(mul(y, logOf(x)), mul(sub(1, y), logOf(sub(1, x)))));
});

/**
 * binaryCrossEntropy of sigmoid(x), without its loss of accuracy.
 *
 * @throws AdjointError `shape` where the operands do not broadcast.
 * @example binaryCrossEntropyWithLogits(tensor([0]), tensor([1])) // 0.6931471805599453
 */
export const binaryCrossEntropyWithLogits = elementwiseLoss("binaryCrossEntropyWithLogits", (x, y) =>
  sub(logaddexp(x, 0), mul(x, y)),
);
