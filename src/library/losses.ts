// Losses: how far predictions are from what they should be.

import {
  abs,
  add,
  axisOf,
  cast,
  composite,
  div,
  equal,
  less,
  log,
  logaddexp,
  maximum,
  mul,
  neg,
  notEqual,
  type Operand,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from "../frontend/index.ts";
import { fail, isFloat, requireOptions } from "../ir/index.ts";
import { oneHot } from "./creation.ts";
import { axesOf, countAlong, rankOf, requireFloat, requireTensor } from "./shapes.ts";
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
  return div(sum(losses), countAlong(losses, axesOf(losses, undefined, where), losses.dtype));
}

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
  /** How much of each label is spread over all classes; 0 where left out. */
  readonly labelSmoothing?: number;
  /** The label whose places count for nothing, also not in the mean. */
  readonly ignoreIndex?: number;
}

/**
 * -Σ p · log softmax(logits) over the axis of classes. The target holds integer labels, one axis fewer than the logits, or
 * probabilities, the logits' shape. The mean is over the labels that count.
 *
 * @throws AdjointError `shape` where the ranks do not fit, `dtype` for logits that are no floats.
 * @example crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: "i32" })) // 0.6931471805599453
 */
export const crossEntropy = composite(
  "crossEntropy",
  (logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor => {
    const name = "crossEntropy";
    requireOptions(name, options, ["axis", "ignoreIndex", "labelSmoothing", "reduction"]);
    requireFloat(logits, name);
    requireTensor(target, name);
    const axis = axisOf(options.axis ?? -1, rankOf(logits, name));
    const logs = logSoftmax(logits, { axis });
    const smooth = (p: Tensor): Tensor => smoothed(p, logits, axis, options.labelSmoothing ?? 0);
    if (isFloat(target.dtype)) {
      if (target.rank !== logits.rank)
        fail("shape", `${name}: the probabilities have rank ${target.rank}, expected ${logits.rank} as the logits`);
      return reduced(neg(sum(mul(smooth(target), logs), { axes: axis })), options.reduction ?? "mean", name);
    }
    const hot = smooth(labelled(logits, target, axis, name));
    // a logit of -∞ has log 0, and counts only where its label does
    const picked = where(equal(hot, 0), 0, mul(hot, logs));
    return overLabels(neg(sum(picked, { axes: axis })), target, options, name);
  },
);

/** The labels as probabilities. */
function labelled(logits: Tensor, labels: Tensor, axis: number, where: string): Tensor {
  if (labels.rank !== logits.rank - 1)
    fail(
      "shape",
      `${where}: the labels have rank ${labels.rank}, expected ${logits.rank - 1}, one less than the logits`,
    );
  return oneHot(labels, logits.shape[axis], { axis, dtype: logits.dtype });
}

function smoothed(p: Tensor, logits: Tensor, axis: number, share: number): Tensor {
  return share === 0 ? p : add(mul(p, 1 - share), div(share, countAlong(logits, [axis], logits.dtype)));
}

/** Reduces the losses of labels, those that are ignored left out. */
function overLabels(losses: Tensor, labels: Tensor, options: CrossEntropyOptions, name: string): Tensor {
  const { ignoreIndex, reduction = "mean" } = options;
  if (ignoreIndex === undefined) return reduced(losses, reduction, name);
  const counts = notEqual(labels, ignoreIndex);
  const kept = where(counts, losses, 0);
  return reduction === "mean" ? div(sum(kept), sum(cast(counts, losses.dtype))) : reduced(kept, reduction, name);
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

/** Those whose first argument is the tensor: each is a method too. */
export const lossTable = { mse, l1, huber, crossEntropy, binaryCrossEntropy, binaryCrossEntropyWithLogits };
