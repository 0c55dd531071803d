// Uses of ops that go over windows: reductions and convolution.

import { shapeOf, tensorType, type Value } from "../../../ir/index.ts";
import * as ops from "../../../ops/index.ts";
import { dtypeOf, type Pool, rankOf } from "../pool.ts";
import type { Random } from "../random.ts";
import { tensorDTypes } from "../uses.ts";
import { all, type Idiom, withAxes } from "./idiom.ts";

/** Windows that fit in without padding, one after the other; where a size is open, of one element. */
function plainWindows(x: Value, random: Random) {
  const window = shapeOf(x).map((d) =>
    typeof d === "number" ? Math.min(Math.max(1, d), random.pick([1, 2, 2, 3])) : 1,
  );
  return { window };
}

/** Windows along axes, with enough padding for any size: each has a place for each element, before strides. */
function windowsAlong(rank: number, { random }: Pool) {
  const each = (choices: readonly number[]): readonly number[] => all(rank).map(() => random.pick(choices));
  const [window, windowDilation] = [each([2, 1, 3, 0]), each([1, 1, 2])];
  const reach = window.map((k, axis) => Math.max(0, (k - 1) * windowDilation[axis]));
  const low = reach.map((d) => Math.min(d, random.below(3)));
  const high = reach.map((d, axis) => d - low[axis]);
  return { window, windowDilation, low, high, strides: each([1, 2, 1]), dilation: each([1, 2, 1]) };
}

export const reduceWindow: Idiom = (pool) => {
  const x = withAxes(pool);
  if (x === undefined) return [];
  const { random } = pool;
  const { dilation, ...windows } = windowsAlong(rankOf(x), pool);
  const kinds = dtypeOf(x) === "bool" ? (["or", "and"] as const) : (["sum", "max", "prod", "min"] as const);
  const kind = random.pick<(typeof kinds)[number]>(kinds);
  if (random.oneIn(3)) return [ops.reduceWindow(x, { ...plainWindows(x, random), kind })];
  return [ops.reduceWindow(x, { ...windows, baseDilation: dilation, kind })];
};

export const argReduceWindow: Idiom = (pool) => {
  const x = withAxes(pool);
  if (x === undefined || dtypeOf(x) === "bool") return [];
  const { dilation, ...windows } = windowsAlong(rankOf(x), pool);
  return [ops.argReduceWindow(x, { ...windows, baseDilation: dilation, kind: pool.random.pick(["max", "min"]) })];
};

/** The last axes are spatial; one before them may be the features, one by one or together. */
export const conv: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(
    pool,
    3,
    tensorDTypes.filter((dtype) => dtype !== "bool"),
  );
  if (x === undefined) return [];
  const shape = shapeOf(x);
  const image = shape.length > 2 ? shape : random.oneIn(2) || shape.length > 1 ? [1, ...shape] : [1, 1, ...shape];
  const { window, windowDilation, ...lists } = windowsAlong(image.length - 2, pool);
  const isByFeature = random.oneIn(4);
  const features = image[1];
  const outputs = isByFeature ? features : random.pick([1, 2, 5]);
  const kernel = tensorType(dtypeOf(x), [outputs, isByFeature ? 1 : features, ...window]);
  const options = { ...lists, kernelDilation: windowDilation, featureGroups: isByFeature ? features : 1 };
  const resultAxes = random.oneIn(2) ? all(image.length) : random.shuffled(all(image.length));
  const images = image === shape ? x : ops.reshape(x, image);
  return [ops.conv(images, pool.like(kernel), { ...options, resultAxes })];
};
