// Convolution over any number of spatial axes, in any layout. Its transposes are convolutions.

import {
  type BatchContext,
  counted,
  type Dim,
  mulDims,
  type Operation,
  type TensorType,
  type TransposeContext,
  type TypeContext,
  tensorType,
  unranked,
  type Value,
  type Varies,
} from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, rankedOperand, requireAxes, requireTensor, tensorOf } from "../base/define.ts";
import { abs } from "../scalar/rounding.ts";
import { reverse } from "../structural/structural.ts";
import {
  type AxisWindow,
  exchanged,
  listsOf,
  overlaps,
  requireLists,
  requirePlaces,
  transposed,
} from "../window/window-shape.ts";
import {
  axesOfLayout,
  type ConvAttributes,
  type ConvOptions,
  type ConvShape,
  convAttributes,
  convNames,
  convShape,
  fold,
  listsOfConv,
  perGroup,
  regroup,
  shapeOfConv,
  swapped,
  unfold,
} from "./conv-axes.ts";
import { contractionOfConv, evalConv, lowerConv } from "./conv-loops.ts";

export const convOp = defineOp({
  name: "conv",
  summary: "Sums products of a kernel and what it lies over, at each of its places.",
  operands: [{ name: "x" }, { name: "kernel" }],
  attributes: convAttributes,
  types: (x) => [convType(x)],
  eval: (x) => [evalConv(x)],
  varies: convolved,
  derivative: {
    kind: "multilinear",
    transpose: (x) => [x.wanted[0] ? inputCotangent(x) : null, x.wanted[1] ? kernelCotangent(x) : null],
    axes: axesInConv,
    met: metInConv,
  },
  batching: { kind: "rule", batch: (x) => [batchConv(x)] },
  lowering: {
    kind: "nest",
    element: lowerConv,
    contraction: contractionOfConv,
    rereads: (operation) => (convShape(operation).windows.some(overlaps) ? [0] : []),
  },
  docs: {
    semantics:
      "Element (n, o, t) of the result is the sum of x[n, c, t · stride + k · kernel_dilation] · kernel[o, c, k] over subscripts k of the kernel's spatial axes and input features c, where x stands padded: zeros around it, and between its elements where dilation is above 1. The sum starts from 0 and takes k row-major and, for each, c ascending, in any layout; product and sum are each rounded; padding multiplies as the number 0. The extent of a spatial axis is floor((low + span(x) + high - span(kernel)) / stride) + 1 with span(n) = max(0, (n - 1) · dilation + 1). With g feature groups, group i of the output features sees group i of x's features; with g batch groups, group i of the output features sees group i of x's batch, and the result's batch is g times smaller. A kernel is not turned round: `reverse` it for a convolution of signal processing.",
    constraints: [
      "one dtype, not bool, and one rank, at least 2",
      "x's features are the kernel's input features times feature_groups",
      "output features and the batch divide into their groups, of which one kind has 1",
      "no spatial extent of the result is negative",
    ],
    example: `func @main<H, W>(%x: f64[1, 1, H, W], %kernel: f64[1, 1, 2, 2]) -> f64[1, 1, H, W] {
  %y = conv %x, %kernel, low = [0, 0], high = [1, 1] : f64[1, 1, H, W]
  return %y
}
// run: @main([[[[1, 2], [3, 4]]]], [[[[1, 10], [100, 1000]]]]) == [[[[4321, 402], [43, 4]]]]
`,
  },
});

// ---- types ----------------------------------------------------------------------------------------------------------

function convType(cx: TypeContext<ConvAttributes>) {
  const dtype = dtypeOf(requireTensor(cx, 0));
  if (dtype === "bool") cx.fail("dtype", "operand 0 has dtype bool, expected numbers", "cast it");
  if (dtypeOf(requireTensor(cx, 1)) !== dtype) {
    cx.fail("dtype", `the kernel has dtype ${dtypeOf(cx.operands[1])}, expected ${dtype} as x`, "cast one of them");
  }
  const [image, kernel] = [rankedOperand(cx, 0), rankedOperand(cx, 1)];
  if (image === null || kernel === null) return unranked(dtype);
  const rank = image.shape.length;
  requireRanks(cx, rank, kernel.shape.length);
  for (const name of ["x_axes", "kernel_axes", "result_axes"] as const) requireLayout(cx, name, rank);
  requireLists(cx, listsOfConv(cx.attributes), convNames, rank - 2, "spatial axis");
  return resultType(cx, image, kernel);
}

function requireRanks(cx: TypeContext, rank: number, kernel: number): void {
  if (rank < 2) cx.fail("shape", `x has rank ${rank}, expected batch, feature and spatial axes`, "reshape it");
  if (kernel !== rank) cx.fail("shape", `the kernel has rank ${kernel}, expected ${rank} as x`);
}

function requireLayout(
  cx: TypeContext<ConvAttributes>,
  name: "x_axes" | "kernel_axes" | "result_axes",
  rank: number,
): void {
  const axes = cx.attributes[name];
  if (axes.length === 0) return;
  requireAxes(cx, axes, rank, name);
  if (axes.length !== rank) cx.fail("axis", `${name} names ${counted(axes.length, "axis")}, expected all ${rank}`);
}

function resultType(
  cx: TypeContext<ConvAttributes>,
  { dtype, shape }: TensorType,
  { shape: kernel }: TensorType,
): TensorType {
  const c = shapeOfConv(cx.attributes, kernel);
  const { featureGroups, batchGroups } = c;
  cx.atLeast(featureGroups, 0, "feature_groups");
  cx.atLeast(batchGroups, 0, "batch_groups");
  if (featureGroups !== 1 && batchGroups !== 1) {
    cx.fail("attribute", `feature_groups is ${featureGroups} and batch_groups ${batchGroups}, expected one to be 1`);
  }
  const wanted = mulDims(kernel[c.kernel.feature], featureGroups);
  const by = featureGroups === 1 ? "" : ` in ${featureGroups} groups`;
  cx.equal(
    shape[c.x.feature],
    wanted,
    `axis ${c.x.feature} of x, the features for ${kernel[c.kernel.feature]} input features of the kernel${by},`,
  );
  const outputs = kernel[c.kernel.batch];
  divided(cx, outputs, c.groups, `axis ${c.kernel.batch} of the kernel`);
  const result: Dim[] = new Array(shape.length);
  result[c.result.batch] = divided(cx, shape[c.x.batch], batchGroups, `axis ${c.x.batch} of x`);
  result[c.result.feature] = outputs;
  for (const [i, w] of c.windows.entries()) {
    result[c.result.spatial[i]] = requirePlaces(cx, shape[c.x.spatial[i]], w, `spatial axis ${i}`);
  }
  return tensorType(dtype, result);
}

/** What falls to each group; the groups divide the extent. */
function divided(cx: TypeContext, extent: Dim, groups: Dim, what: string): Dim {
  if (typeof extent === "number" && typeof groups === "number" && groups > 0 && extent % groups !== 0) {
    cx.fail("shape", `${what} is ${extent}, expected a multiple of the ${counted(groups, "group")}`);
  }
  const part = perGroup(extent, groups);
  cx.equal(mulDims(part, groups), extent, `the groups' part of ${what}`);
  return part;
}

/**
 * Sums products of `kernel` and what it lies over in `x`, at each of its places. Without options the axes are batch (of
 * the kernel: output feature), feature, then spatial ones, and the kernel moves by 1 without padding.
 */
export function conv(x: Value, kernel: Value, options: ConvOptions = {}): Value {
  const listed = (axes: readonly number[] = []): readonly number[] => (axes.every((a, i) => a === i) ? [] : axes);
  const all = <T>(list: readonly T[] = [], none: T): readonly T[] => (list.every((e) => e === none) ? [] : list);
  return emit1(convOp, [x, kernel], {
    attributes: {
      strides: all(options.strides, 1),
      low: all<Dim>(options.low, 0),
      high: all<Dim>(options.high, 0),
      dilation: all(options.dilation, 1),
      kernel_dilation: all(options.kernelDilation, 1),
      feature_groups: options.featureGroups ?? 1,
      batch_groups: options.batchGroups ?? 1,
      x_axes: listed(options.xAxes),
      kernel_axes: listed(options.kernelAxes),
      result_axes: listed(options.resultAxes),
    },
  });
}

/** The same from what the attributes say. */
function convOf(x: Value, kernel: Value, c: Omit<ConvShape, "groups">): Value {
  const { windowDilation, ...lists } = listsOf(c.windows);
  return conv(x, kernel, {
    ...lists,
    kernelDilation: windowDilation,
    featureGroups: c.featureGroups,
    batchGroups: c.batchGroups,
    xAxes: axesOfLayout(c.x),
    kernelAxes: axesOfLayout(c.kernel),
    resultAxes: axesOfLayout(c.result),
  });
}

// ---- derivative -----------------------------------------------------------------------------------------------------

type ByAxis = (n: Dim, w: AxisWindow) => AxisWindow;

function windowsBack(x: Value, { x: layout, windows }: ConvShape, by: ByAxis): readonly AxisWindow[] {
  const { shape } = tensorOf(x);
  return windows.map((w, i) => by(shape[layout.spatial[i]], w));
}

/**
 * The kernel turned round moves over the cotangent, strides and dilation exchanged: features of the result are summed
 * within their group. Groups of the batch come back as groups of features.
 */
function inputCotangent({ operation, operands: [x, kernel], cotangent }: TransposeContext<ConvAttributes>): Value {
  const c = convShape(operation);
  const turned = reverse(kernel, c.kernel.spatial);
  const back = convOf(cotangent, regroup(turned, c.kernel.batch, c.kernel.feature, c.groups), {
    x: c.result,
    kernel: swapped(c.kernel),
    result: c.x,
    featureGroups: c.groups,
    batchGroups: 1,
    windows: windowsBack(x, c, transposed),
  });
  return regroup(back, c.x.feature, c.x.batch, c.batchGroups);
}

/** The cotangent moves over x as a kernel whose places are the kernel's elements; what is summed is the batch. */
function kernelCotangent({ operation, operands, cotangent }: TransposeContext<ConvAttributes>): Value {
  const c = convShape(operation);
  const [x] = operands;
  return convOf(x, cotangent, {
    x: swapped(c.x),
    kernel: swapped(c.result),
    result: swapped(c.kernel),
    featureGroups: c.batchGroups,
    batchGroups: c.featureGroups,
    windows: windowsBack(x, c, exchanged),
  });
}

/** Places of x are counted as the result's, so that what is zero at some places is so in the result. */
function axesInConv(operation: Operation<ConvAttributes>, i: number) {
  const { x, kernel } = convShape(operation);
  return i === 0
    ? { summed: [x.feature], free: [x.batch, ...x.spatial] }
    : { summed: [kernel.feature, ...kernel.spatial], free: [kernel.batch] };
}

/** Sums of the magnitudes of one operand's elements: of those that an element of the result, or of the other operand, meets. */
function metInConv(operation: Operation<ConvAttributes>, i: number, by: "result" | "other"): Value {
  const operands = operation.operands.map((v, k) => (k === i ? abs(v) : constantLike(1, v)));
  if (by === "result") return emit1(convOp, operands, { attributes: operation.attributes });
  const [result] = operation.results;
  const cx = { operation, operands, cotangent: constantLike(1, result), wanted: [i === 1, i === 0] };
  return i === 0 ? kernelCotangent(cx) : inputCotangent(cx);
}

// ---- batching -------------------------------------------------------------------------------------------------------

/** The new axis joins the batch or the output features, or makes more groups where it belongs to both operands. */
function batchConv({ operation, operands: [x, kernel], batched, size }: BatchContext<ConvAttributes>): Value {
  const c = convShape(operation);
  const ofBatch = c.batchGroups !== 1;
  if (batched[0] && batched[1]) {
    const key = ofBatch ? "batchGroups" : "featureGroups";
    const wide = convOf(fold(x, ofBatch ? c.x.batch : c.x.feature, 1), fold(kernel, c.kernel.batch, 1), {
      ...c,
      [key]: mulDims(size, c[key]),
    });
    return unfold(wide, c.result.feature, size, 1);
  }
  if (batched[0]) return unfold(convOf(fold(x, c.x.batch, c.batchGroups), kernel, c), c.result.batch, size, 1);
  return unfold(convOf(x, fold(kernel, c.kernel.batch, c.groups), c), c.result.feature, size, c.groups);
}

export type { ConvOptions };

/**
 * conv: the result's batch axis is that of x, its feature axis is the kernel's batch axis, and a spatial axis varies
 * where that of x or of the kernel does; edges are treated as padding is.
 */
function convolved(operation: Operation<ConvAttributes>, _: Value, of: (v: Value) => Varies): Varies {
  const c = convShape(operation);
  const [x, kernel] = operation.operands.map(of);
  const varies = x.map(() => false);
  varies[c.result.batch] = x[c.x.batch];
  varies[c.result.feature] = kernel[c.kernel.batch];
  for (const [i, axis] of c.result.spatial.entries()) varies[axis] = x[c.x.spatial[i]] || kernel[c.kernel.spatial[i]];
  return varies;
}
