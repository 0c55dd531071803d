// What the axes of a convolution's three tensors are, and groups that move from one of them to another.

import {
  type AttributesOf,
  type Dim,
  exactDim,
  mulDims,
  type Operation,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";
import { tensorOf } from "../base/define.ts";
import { permute, reshape } from "../structural/structural.ts";
import { type AxisWindow, type WindowLists, type WindowNames, windowsOf } from "../window/window-shape.ts";

/** The axes of one tensor by what they are. */
export interface Layout {
  /** The batch; of a kernel, the output feature. */
  readonly batch: number;
  /** The feature; of a kernel, the input feature. */
  readonly feature: number;
  readonly spatial: readonly number[];
}

export interface ConvOptions {
  readonly strides?: readonly number[];
  readonly low?: readonly Dim[];
  readonly high?: readonly Dim[];
  readonly dilation?: readonly number[];
  readonly kernelDilation?: readonly number[];
  readonly featureGroups?: Dim;
  readonly batchGroups?: Dim;
  /** The axes of x: batch, feature, then the spatial ones; ascending where left out. */
  readonly xAxes?: readonly number[];
  /** The axes of the kernel: output feature, input feature, then the spatial ones. */
  readonly kernelAxes?: readonly number[];
  /** The axes of the result: batch, feature, then the spatial ones. */
  readonly resultAxes?: readonly number[];
}

export const convAttributes = {
  strides: { kind: "integers", default: [], summary: "from one place of the kernel to the next, per spatial axis" },
  low: {
    kind: "dims",
    default: [],
    usual: 0,
    summary: "how many zeros stand before each spatial axis; negative: cut off",
  },
  high: {
    kind: "dims",
    default: [],
    usual: 0,
    summary: "how many zeros stand behind each spatial axis; negative: cut off",
  },
  dilation: { kind: "integers", default: [], summary: "the distance between neighbours of x; zeros stand between" },
  kernel_dilation: { kind: "integers", default: [], summary: "the distance between neighbours of the kernel" },
  feature_groups: { kind: "dim", default: 1, summary: "groups of features, each with a part of the kernel" },
  batch_groups: { kind: "dim", default: 1, summary: "groups of the batch, each with a part of the kernel" },
  x_axes: { kind: "axes", default: [], summary: "x's axes: batch, feature, spatial ones; none: ascending" },
  kernel_axes: {
    kind: "axes",
    default: [],
    summary: "the kernel's axes: output feature, input feature, spatial ones; none: ascending",
  },
  result_axes: { kind: "axes", default: [], summary: "the result's axes: batch, feature, spatial ones" },
} as const;

export type ConvAttributes = AttributesOf<typeof convAttributes>;

export const convNames: WindowNames = {
  strides: "strides",
  low: "low",
  high: "high",
  dilation: "dilation",
  windowDilation: "kernel_dilation",
};

/** A convolution's attributes, axes and windows with the defaults written out. */
export interface ConvShape {
  readonly x: Layout;
  readonly kernel: Layout;
  readonly result: Layout;
  readonly featureGroups: Dim;
  readonly batchGroups: Dim;
  /** Of one kind or the other. */
  readonly groups: Dim;
  /** Along the spatial axes, in their order. */
  readonly windows: readonly AxisWindow[];
}

export function listsOfConv(attributes: ConvAttributes): WindowLists {
  return {
    strides: attributes.strides,
    low: attributes.low,
    high: attributes.high,
    dilation: attributes.dilation,
    windowDilation: attributes.kernel_dilation,
  };
}

/** The axes that an attribute names, `rank` ascending ones where it names none. */
function layoutOf(axes: readonly number[], rank: number): Layout {
  const [batch, feature, ...spatial] = axes.length > 0 ? axes : Array.from({ length: rank }, (_, i) => i);
  return { batch, feature, spatial };
}

export function axesOfLayout({ batch, feature, spatial }: Layout): readonly number[] {
  return [batch, feature, ...spatial];
}

export function convShape({ attributes, operands }: Operation<ConvAttributes>): ConvShape {
  return shapeOfConv(attributes, tensorTypeOf(operands[1].type).shape);
}

export function shapeOfConv(attributes: ConvAttributes, kernel: readonly Dim[]): ConvShape {
  const { feature_groups: featureGroups, batch_groups: batchGroups } = attributes;
  const ofKernel = layoutOf(attributes.kernel_axes, kernel.length);
  const sizes = ofKernel.spatial.map((a) => kernel[a]);
  return {
    x: layoutOf(attributes.x_axes, kernel.length),
    kernel: ofKernel,
    result: layoutOf(attributes.result_axes, kernel.length),
    featureGroups,
    batchGroups,
    groups: mulDims(featureGroups, batchGroups),
    windows: windowsOf(sizes, listsOfConv(attributes)),
  };
}

/** Batch and feature exchanged. */
export function swapped({ batch, feature, spatial }: Layout): Layout {
  return { batch: feature, feature: batch, spatial };
}

/** What of an extent falls to each group; without groups there is nothing to divide. */
export function perGroup(extent: Dim, groups: Dim): Dim {
  return groups === 0 ? extent : exactDim(extent, groups);
}

// ---- groups that move -----------------------------------------------------------------------------------------------

/** `axis` as two: `outer` pieces, and what is in each. */
function split(v: Value, axis: number, outer: Dim): Value {
  const { shape } = tensorOf(v);
  return reshape(v, [...shape.slice(0, axis), outer, perGroup(shape[axis], outer), ...shape.slice(axis + 1)]);
}

/** `axis` and the one behind it as one. */
function merge(v: Value, axis: number): Value {
  const { shape } = tensorOf(v);
  return reshape(v, [...shape.slice(0, axis), mulDims(shape[axis], shape[axis + 1]), ...shape.slice(axis + 2)]);
}

function move(v: Value, from: number, to: number): Value {
  const order = tensorOf(v).shape.map((_, a) => a);
  order.splice(from, 1);
  order.splice(to, 0, from);
  return permute(v, order);
}

/** The groups that are the outer part of axis `from` become the outer part of axis `to`. */
export function regroup(v: Value, from: number, to: number, groups: Dim): Value {
  if (groups === 1) return v;
  return merge(move(split(v, from, groups), from, to), to);
}

/** Axis 0 into another, counted without it: within the groups that are that axis' outer part. */
export function fold(v: Value, axis: number, groups: Dim): Value {
  if (groups === 1) return merge(move(v, 0, axis), axis);
  return merge(merge(move(split(v, axis + 1, groups), 0, axis + 1), axis + 1), axis);
}

/** The opposite: `size` out of an axis, as axis 0. */
export function unfold(v: Value, axis: number, size: Dim, groups: Dim): Value {
  if (groups === 1) return move(split(v, axis, size), axis, 0);
  return merge(move(split(split(v, axis, groups), axis + 1, size), axis + 1, 0), axis + 1);
}
