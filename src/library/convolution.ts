// Convolutions, and their transposes. Features are last and kernels are spatial, in, out; with features first, kernels
// are out, in, spatial.

import {
  applyContracting,
  type asMethod,
  type Checked,
  type Conv2dShape,
  composite,
  type OwnDType,
  type ResultShape,
  type ShapeIn,
  sizesOf,
  Tensor,
} from "../frontend/index.ts";
import {
  addDims,
  counted,
  type Dim,
  fail,
  mulDims,
  requireOptions,
  shapeOf,
  subDims,
  type Value,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { add, reshape } from "./array/index.ts";
import { count, rankOf, requireInteger, requireTensor } from "./shapes.ts";
import {
  alongOf,
  type ImageAxes,
  imageAxes,
  type LayoutName,
  layoutNames,
  type PaddingOption,
  paddingOf,
  perAxis,
} from "./windows.ts";

export interface ConvOptions {
  /** From one place of the kernel to the next, for all spatial axes or each; 1 where left out. */
  readonly stride?: number | readonly number[];
  /** Zeros around x: on each side of every axis, of each axis, `[before, behind]` of each; "same" keeps extents / stride. */
  readonly padding?: PaddingOption;
  /** The distance between neighbours of the kernel; 1 where left out. */
  readonly dilation?: number | readonly number[];
  /** Groups of features, each with a part of the kernel; 1 where left out. */
  readonly groups?: number;
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: LayoutName;
}

/** A convolution as users call it: with a bias or without. */
export interface Convolution<Options> {
  (x: Tensor, kernel: Tensor, options?: Options): Tensor;
  (x: Tensor, kernel: Tensor, bias: Tensor | null | undefined, options?: Options): Tensor;
  readonly [asMethod]?: {
    (kernel: Tensor, options?: Options): Tensor;
    (kernel: Tensor, bias: Tensor | null | undefined, options?: Options): Tensor;
  };
}

/** The options of conv2d that say where features are. */
interface Conv2dOptions<L, G> extends Omit<ConvOptions, "layout" | "groups"> {
  /** Groups of features, each with a part of the kernel; 1 where left out. */
  readonly groups?: G;
  /** Where the features are: last, where left out, or behind the batch. */
  readonly layout?: L;
}

/** The shape of a convolution, or what is wrong with its kernel. */
type Convolved<X, K, L, G> = Conv2dShape<
  ShapeIn<X>,
  ShapeIn<K>,
  undefined extends G ? { readonly layout: L } : { readonly layout: L; readonly groups: G }
>;

type Layout = LayoutName | undefined;
type Groups = number | undefined;

/** conv2d, which reads shapes from the types of its arguments. */
export interface Convolution2d {
  <X extends Tensor, K extends Tensor, L extends Layout = undefined, G extends Groups = undefined>(
    x: X,
    kernel: Checked<Convolved<X, K, L, G>, K>,
    bias: Tensor | null | undefined,
    options?: Conv2dOptions<L, G>,
  ): Tensor<ResultShape<Convolved<X, K, L, G>>, OwnDType<X>>;
  <X extends Tensor, K extends Tensor, L extends Layout = undefined, G extends Groups = undefined>(
    x: X,
    kernel: Checked<Convolved<X, K, L, G>, K>,
    options?: Conv2dOptions<L, G>,
  ): Tensor<ResultShape<Convolved<X, K, L, G>>, OwnDType<X>>;
  readonly [asMethod]?: Convolution2dMethod;
}

interface Convolution2dMethod {
  <X extends Tensor, K extends Tensor, L extends Layout = undefined, G extends Groups = undefined>(
    this: X,
    kernel: Checked<Convolved<X, K, L, G>, K>,
    bias: Tensor | null | undefined,
    options?: Conv2dOptions<L, G>,
  ): Tensor<ResultShape<Convolved<X, K, L, G>>, OwnDType<X>>;
  <X extends Tensor, K extends Tensor, L extends Layout = undefined, G extends Groups = undefined>(
    this: X,
    kernel: Checked<Convolved<X, K, L, G>, K>,
    options?: Conv2dOptions<L, G>,
  ): Tensor<ResultShape<Convolved<X, K, L, G>>, OwnDType<X>>;
}

type Body<Options> = (x: Tensor, kernel: Tensor, options: Options, where: string) => Tensor;

/**
 * The bias may be left out, also when options follow.
 *
 * @__NO_SIDE_EFFECTS__
 */
function withBias<Options extends { readonly layout?: LayoutName }>(
  name: string,
  spatial: number,
  known: readonly (keyof Options & string)[],
  body: Body<Options>,
): Convolution<Options> {
  const f = (x: Tensor, kernel: Tensor, third?: Tensor | Options | null, fourth?: Options): Tensor => {
    const hasBias = third instanceof Tensor;
    const options = ((hasBias || fourth !== undefined ? fourth : third) ?? {}) as Options;
    requireOptions(name, options as object, known);
    const { feature, isFeatureLast } = imageAxes(x, spatial, options.layout, name);
    requireTensor(kernel, `${name}: the kernel`);
    const y = body(x, kernel, options, name);
    if (!hasBias) return y;
    if (rankOf(third, name) !== 1) fail("shape", `${name}: the bias has rank ${third.rank}, expected 1`);
    const shape = count(y.rank - feature).map((i) => (i === 0 ? sizesOf(third)[0] : 1));
    return add(y, isFeatureLast ? third : reshape(third, shape));
  };
  return composite(name, f) as Convolution<Options>;
}

/** Output feature, input feature, then the spatial axes of the kernel; of a transpose the first two change places. */
function kernelAxesOf({ isFeatureLast, spatial }: ImageAxes, isTransposed: boolean): readonly number[] {
  const n = spatial.length;
  const [input, output] = isFeatureLast ? [n, n + 1] : isTransposed ? [0, 1] : [1, 0];
  return [output, input, ...count(n, isFeatureLast ? 0 : 2)];
}

function requireKernel(x: Tensor, kernel: Tensor, where: string): void {
  const rank = rankOf(kernel, where);
  if (rank !== x.rank) fail("shape", `${where}: the kernel has rank ${rank}, expected ${x.rank} as x`);
}

/** Fails where the features of x stand at the other end of its shape: images come in two layouts. */
function requireLayout(x: Tensor, kernel: Tensor, image: ImageAxes, groups: number, where: string): void {
  const { isFeatureLast, feature } = image;
  const [last, first] = layoutNames(image.spatial.length);
  const other = isFeatureLast ? 1 : x.rank - 1;
  const [sizes, of] = [sizesOf(x), sizesOf(kernel)];
  const features = of[kernelAxesOf(image, false)[1]];
  if (typeof features !== "number" || typeof sizes[feature] !== "number" || sizes[feature] === features * groups)
    return;
  if (sizes[other] !== features * groups) return;
  const [name, order] = isFeatureLast ? [first, "[out, in, …]"] : [last, "[…, in, out]"];
  fail("shape", `${where}: axis ${feature} of x, its features, is ${sizes[feature]}, expected ${features * groups}`, {
    hint: `where they are axis ${other} write layout: "${name}", and the kernel ${order}`,
  });
}

function convolution(x: Tensor, kernel: Tensor, options: ConvOptions, where: string): Tensor {
  requireKernel(x, kernel, where);
  const image = imageAxes(x, null, options.layout, where);
  requireLayout(x, kernel, image, options.groups ?? 1, where);
  const n = image.spatial.length;
  const strides = perAxis(options.stride, n, 1, `${where}: option 'stride'`, 1);
  const dilations = perAxis(options.dilation, n, 1, `${where}: option 'dilation'`, 1);
  const kernelAxes = kernelAxesOf(image, false);
  const sizes = kernelAxes.slice(2).map((a) => shapeOf(kernel)[a]);
  const axes = [0, image.feature, ...image.spatial];
  return applyContracting(convolution, [x, kernel], (v, k) => [
    ops.conv(v, k, {
      ...paddingOf(options.padding, alongOf(x, image.spatial, sizes, strides, dilations), where),
      strides,
      kernelDilation: dilations,
      featureGroups: requireInteger(options.groups ?? 1, `${where}: option 'groups'`, 1),
      xAxes: axes,
      kernelAxes,
      resultAxes: axes,
    }),
  ])[0];
}

const convNames = ["dilation", "groups", "layout", "padding", "stride"] as const;

/**
 * Convolution along one axis: x [N, W, in], kernel [K, in / groups, out], bias [out]; with layout "NCW" x [N, in, W],
 * kernel [out, in / groups, K]. The kernel is not turned round (torch `conv1d`).
 *
 * @throws AdjointError `shape` where features, groups and kernel do not fit, `option`.
 * @example conv1d(tensor([[[1], [2], [4]]]), tensor([[[1]], [[10]]])) // [[[21], [42]]]
 */
export const conv1d = withBias<ConvOptions>("conv1d", 1, convNames, convolution);

/**
 * Convolution along two axes: x [N, H, W, in], kernel [KH, KW, in / groups, out], bias [out]; with layout "NCHW" x
 * [N, in, H, W], kernel [out, in / groups, KH, KW]. The kernel is not turned round (torch `conv2d`).
 *
 * @throws AdjointError `shape` where features, groups and kernel do not fit, `option`.
 * @example conv2d(ones([1, 2, 2, 1]), ones([3, 3, 1, 1]), { padding: "same" }) // [[[[4], [4]], [[4], [4]]]]
 */
export const conv2d: Convolution2d = withBias<ConvOptions>("conv2d", 2, convNames, convolution);

/**
 * Convolution along three axes: x [N, D, H, W, in], kernel [KD, KH, KW, in / groups, out]; features first with "NCDHW".
 *
 * @throws AdjointError `shape` where features, groups and kernel do not fit, `option`.
 * @example conv3d(ones([1, 1, 1, 2, 1]), ones([1, 1, 2, 1, 1])) // [[[[[2]]]]]
 */
export const conv3d = withBias<ConvOptions>("conv3d", 3, convNames, convolution);

export interface ConvTransposeOptions extends Omit<ConvOptions, "padding"> {
  /** What the convolution that this reverses would put around: so much is cut off the result; 0 where left out. */
  readonly padding?: Exclude<PaddingOption, "same" | "SAME">;
  /** Elements added behind each axis of the result, to tell apart extents that a stride makes equal; 0 where left out. */
  readonly outputPadding?: number | readonly number[];
}

function transposedConvolution(x: Tensor, kernel: Tensor, options: ConvTransposeOptions, where: string): Tensor {
  requireKernel(x, kernel, where);
  const image = imageAxes(x, null, options.layout, where);
  const n = image.spatial.length;
  const strides = perAxis(options.stride, n, 1, `${where}: option 'stride'`, 1);
  const dilations = perAxis(options.dilation, n, 1, `${where}: option 'dilation'`, 1);
  const more = perAxis(options.outputPadding, n, 0, `${where}: option 'outputPadding'`, 0);
  const groups = requireInteger(options.groups ?? 1, `${where}: option 'groups'`, 1);
  const kernelAxes = kernelAxesOf(image, true);
  const sizes = kernelAxes.slice(2).map((a) => shapeOf(kernel)[a]);
  const cut = paddingOf(options.padding, alongOf(x, image.spatial, sizes, strides, dilations), where);
  const reach = sizes.map((size, i) => mulDims(subDims(size, 1), dilations[i]));
  const axes = [0, image.feature, ...image.spatial];
  return applyContracting(transposedConvolution, [x, kernel], (v, k) => [
    ops.conv(v, turned(k, kernelAxes, groups), {
      low: reach.map((r, i) => subDims(r, cut.low[i])),
      high: reach.map((r, i) => addDims(subDims(r, cut.high[i]), more[i])),
      dilation: strides,
      kernelDilation: dilations,
      featureGroups: groups,
      xAxes: axes,
      resultAxes: axes,
    }),
  ])[0];
}

/** The kernel turned round, its axes out, in / groups, spatial: groups move from the input to the output features. */
function turned(kernel: Value, kernelAxes: readonly number[], groups: number): Value {
  const [output, input, ...spatial] = kernelAxes;
  const flipped = ops.permute(ops.reverse(kernel, spatial), [input, output, ...spatial]);
  const [inputs, outputs, ...sizes] = shapeOf(flipped);
  if (groups === 1) return ops.permute(flipped, [1, 0, ...count(sizes.length, 2)]);
  const part = dividedBy(inputs, groups);
  const grouped = ops.permute(ops.reshape(flipped, [groups, part, outputs, ...sizes]), [
    0,
    2,
    1,
    ...count(sizes.length, 3),
  ]);
  return ops.reshape(grouped, [mulDims(groups, outputs), part, ...sizes]);
}

function dividedBy(features: Dim, groups: number): number {
  if (typeof features === "number" && features % groups === 0) return features / groups;
  return fail("shape", `${counted(groups, "group")} of ${counted(features, "feature")}, expected a divisor`);
}

const transposeNames = ["dilation", "groups", "layout", "outputPadding", "padding", "stride"] as const;

/**
 * The transpose of conv2d, which spreads each element over a kernel: x [N, H, W, in], kernel [KH, KW, in, out / groups],
 * bias [out]; with layout "NCHW" x [N, in, H, W], kernel [in, out / groups, KH, KW]. An extent n becomes
 * (n - 1) · stride - 2 · padding + dilation · (K - 1) + outputPadding + 1 (torch `conv_transpose2d`).
 *
 * @throws AdjointError `shape` where features, groups and kernel do not fit, `option`.
 * @example convTranspose2d(ones([1, 1, 1, 1]), ones([1, 2, 1, 1])) // [[[[1], [1]]]]
 */
export const convTranspose2d = withBias<ConvTransposeOptions>(
  "convTranspose2d",
  2,
  transposeNames,
  transposedConvolution,
);

/**
 * The transpose of conv1d: x [N, W, in], kernel [K, in, out / groups]; features first with "NCW".
 *
 * @throws AdjointError `shape` where features, groups and kernel do not fit, `option`.
 * @example convTranspose1d(tensor([[[1], [2]]]), tensor([[[1]], [[10]]])) // [[[1], [12], [20]]]
 */
export const convTranspose1d = withBias<ConvTransposeOptions>(
  "convTranspose1d",
  1,
  transposeNames,
  transposedConvolution,
);

/**
 * The transpose of conv3d: x [N, D, H, W, in], kernel [KD, KH, KW, in, out / groups]; features first with "NCDHW".
 *
 * @throws AdjointError `shape` where features, groups and kernel do not fit, `option`.
 * @example convTranspose3d(ones([1, 1, 1, 1, 1]), ones([1, 1, 2, 1, 1])) // [[[[[1], [1]]]]]
 */
export const convTranspose3d = withBias<ConvTransposeOptions>(
  "convTranspose3d",
  3,
  transposeNames,
  transposedConvolution,
);
