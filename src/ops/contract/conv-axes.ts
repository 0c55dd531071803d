// What the axes of a convolution's three tensors are, and groups that move from one of them to another.

import { type Dim, exactDim, mulDims, type Operation, type TensorType, type Value } from "../../ir/index.ts";
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

export function listsOfConv(attributes: Operation["attributes"]): WindowLists {
  return {
    strides: attributes.strides as readonly number[],
    low: attributes.low as readonly Dim[],
    high: attributes.high as readonly Dim[],
    dilation: attributes.dilation as readonly number[],
    windowDilation: attributes.kernel_dilation as readonly number[],
  };
}

/** The axes that an attribute names, `rank` ascending ones where it names none. */
export function layoutOf(axes: readonly number[], rank: number): Layout {
  const [batch, feature, ...spatial] = axes.length > 0 ? axes : Array.from({ length: rank }, (_, i) => i);
  return { batch, feature, spatial };
}

export function axesOfLayout({ batch, feature, spatial }: Layout): readonly number[] {
  return [batch, feature, ...spatial];
}

export function convShape({ attributes, operands }: Operation): ConvShape {
  return shapeOfConv(attributes, (operands[1].type as TensorType).shape);
}

export function shapeOfConv(attributes: Operation["attributes"], kernel: readonly Dim[]): ConvShape {
  const layout = (name: string): Layout => layoutOf(attributes[name] as readonly number[], kernel.length);
  const [featureGroups, batchGroups] = [attributes.feature_groups as Dim, attributes.batch_groups as Dim];
  const sizes = layout("kernel_axes").spatial.map((a) => kernel[a]);
  return {
    x: layout("x_axes"),
    kernel: layout("kernel_axes"),
    result: layout("result_axes"),
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
