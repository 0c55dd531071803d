// What a convolution computes, on arrays and as loops: one accumulator per element, in the order its record defines.

import {
  addDims,
  allocate,
  type ContractionRule,
  type Dim,
  dtypes,
  type EvalContext,
  floorDim,
  indexDim,
  isInteger,
  type LowerContext,
  mulDims,
  type NdArray,
  type Operation,
  scalar,
  shapeOf,
  sizeOf,
  type Value,
  type WholeContext,
} from "../../ir/index.ts";
import { offsetsOf, pick, stridesOf } from "../base/arrays.ts";
import { constant, indexValue } from "../base/constant.ts";
import { tensorOf } from "../base/define.ts";
import { contract } from "../loop/contract.ts";
import { add, div, mul } from "../scalar/arithmetic.ts";
import { nestedLoops } from "../shape/reduce-order.ts";
import { conditionsWithin, offsetsUnder, whereInside } from "../window/window-loops.ts";
import { subscriptUnder } from "../window/window-shape.ts";
import { type ConvAttributes, type ConvShape, convShape, type Layout, perGroup } from "./conv-axes.ts";

// ---- on arrays ------------------------------------------------------------------------------------------------------

/** The offsets of a tensor's elements along its batch, its features and its spatial axes. */
function sidesOf(shape: readonly number[], { batch, feature, spatial }: Layout) {
  const strides = stridesOf(shape);
  return {
    shape,
    batch: strides[batch],
    feature: strides[feature],
    extents: pick(shape, spatial),
    strides: pick(strides, spatial),
  };
}

export function evalConv(cx: EvalContext<ConvAttributes>): NdArray {
  const [image, kernel] = cx.operands;
  const c = convShape(cx.operation);
  const result = allocate(image.dtype, cx.shape(cx.operation.results[0].type));
  if (sizeOf(result.shape) === 0) return result;
  const [from, by, to] = [sidesOf(image.shape, c.x), sidesOf(kernel.shape, c.kernel), sidesOf(result.shape, c.result)];
  const windows = c.windows.map((w, i) => ({ ...w, size: by.extents[i], low: cx.dim(w.low) }));
  const places = offsetsOf(to.extents, to.strides);
  const under = Array.from(offsetsUnder(to.extents, windows, from.extents, from.strides), (row) => row.slice());
  const taps = offsetsOf(by.extents, by.strides);
  const inputs = kernel.shape[c.kernel.feature];
  const outputs = result.shape[c.result.feature];
  const outputsEach = outputs / cx.dim(c.groups);
  const batch = result.shape[c.result.batch];
  const isOfBatch = cx.dim(c.batchGroups) !== 1;
  const sum = sumOfProducts(image, kernel);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      const group = Math.floor(o / outputsEach);
      const row = isOfBatch ? n + group * batch : n;
      const base = row * from.batch + (isOfBatch ? 0 : group * inputs) * from.feature;
      const target = n * to.batch + o * to.feature;
      for (const [t, place] of places.entries()) {
        result.data[target + place] = sum(under[t], base, taps, o * by.batch, [inputs, from.feature, by.feature]);
      }
    }
  }
  return result;
}

type Along = readonly [count: number, left: number, right: number];

/** The sum over the kernel's places and then `count` features, whose strides on both sides are given. */
function sumOfProducts({ dtype, data: left }: NdArray, { data: right }: NdArray) {
  const { round } = dtypes[dtype];
  const times = isInteger(dtype) ? Math.imul : (a: number, b: number) => a * b;
  return (under: Float64Array, i: number, taps: Float64Array, j: number, [count, p, q]: Along): number => {
    let acc = 0;
    for (let k = 0; k < taps.length; k++) {
      for (let c = 0; c < count; c++) {
        const element = under[k] < 0 ? 0 : left[i + under[k] + c * p];
        acc = round(acc + round(times(element, right[j + taps[k] + c * q])));
      }
    }
    return acc;
  };
}

// ---- as loops -------------------------------------------------------------------------------------------------------

/** Whether an element is padding is decided once for all features. */
export function lowerConv(cx: LowerContext<ConvAttributes>, at: readonly Dim[]): Value {
  const c = convShape(cx.operation);
  const [image, kernel] = cx.operation.operands.map(tensorOf);
  const zero = constant(0, scalar(image.dtype));
  const inputs = kernel.shape[c.kernel.feature];
  const output = at[c.result.feature];
  const group = c.groups === 1 ? 0 : quotient(output, perGroup(kernel.shape[c.kernel.batch], c.groups));
  const count = shapeOf(cx.operation.results[0])[c.result.batch];
  const [batch, feature] = originOf(c, at[c.result.batch], group, [count, inputs]);
  const extents = pick(image.shape, c.x.spatial);
  const step = (k: readonly Dim[], [outer]: readonly Value[]): readonly Value[] => {
    const places = c.windows.map((w, i) => subscriptUnder(at[c.result.spatial[i]], k[i], w));
    const overFeatures = (element: (feature: Dim) => Value): readonly Value[] =>
      nestedLoops([inputs], [outer], ([f], [acc]) => [
        add(acc, mul(element(f), cx.element(1, placed(c.kernel, output, f, k)))),
      ]);
    const inside = (): readonly Value[] => {
      const subscripts = places.map(({ subscript }) => subscript);
      return overFeatures((f) => cx.element(0, placed(c.x, batch, addDims(feature, f), subscripts)));
    };
    return whereInside(places, c.windows, extents, inside, () => overFeatures(() => zero));
  };
  return nestedLoops(pick(kernel.shape, c.kernel.spatial), [zero], step)[0];
}

/** The same sums as a contraction: rows are places in the batch, columns the output features of a group. */
export function contractionOfConv(operation: Operation<ConvAttributes>): ContractionRule {
  const c = convShape(operation);
  const [image, kernel, result] = [...operation.operands, ...operation.results].map(tensorOf);
  const outputs = perGroup(kernel.shape[c.kernel.batch], c.groups);
  const inputs = kernel.shape[c.kernel.feature];
  const count = result.shape[c.result.batch];
  const extents = {
    batch: c.groups === 1 ? [] : [c.groups],
    rows: [count, ...pick(result.shape, c.result.spatial)],
    columns: [outputs],
    depth: [...pick(kernel.shape, c.kernel.spatial), inputs],
  };
  const output = (group: Dim, column: Dim): Dim => addDims(mulDims(group, outputs), column);
  const left = (cx: LowerContext, group: Dim, [n, ...places]: readonly Dim[], k: readonly Dim[]): Value => {
    const [batch, feature] = originOf(c, n, group, [count, inputs]);
    const subscripts = c.windows.map((w, i) => subscriptUnder(places[i], k[i], w).subscript);
    return cx.element(0, placed(c.x, batch, addDims(feature, k[k.length - 1]), subscripts));
  };
  const spatial = pick(image.shape, c.x.spatial);
  const emit = (cx: WholeContext): void =>
    contract({
      ...extents,
      inside: (_, [, ...places], k) => conditionsWithin(c.windows, places, k, spatial),
      left: ([group = 0], row, k) => left(cx, group, row, k),
      right: ([group = 0], [column], k) =>
        cx.element(1, placed(c.kernel, output(group, column), k[k.length - 1], k.slice(0, -1))),
      result: ([group = 0], [n, ...places], [column], sum) =>
        cx.write(placed(c.result, n, output(group, column), places), sum),
    });
  return { ...extents, slides: true, emit };
}

/** Where x's part of a group begins: in the batch, of which the result's is `count`, and among its `inputs` features. */
function originOf(
  c: ConvShape,
  n: Dim,
  group: Dim,
  [count, inputs]: readonly [Dim, Dim],
): readonly [batch: Dim, feature: Dim] {
  return c.batchGroups === 1 ? [n, mulDims(group, inputs)] : [addDims(n, mulDims(group, count)), 0];
}

/** floor(d / by), computed where the divisor is open. */
function quotient(d: Dim, by: Dim): Dim {
  if (typeof by === "number") return by === 0 ? 0 : floorDim(d, by);
  return indexDim(div(indexValue(d), indexValue(by)));
}

function placed(layout: Layout, batch: Dim, feature: Dim, spatial: readonly Dim[]): readonly Dim[] {
  const at: Dim[] = new Array(spatial.length + 2);
  at[layout.batch] = batch;
  at[layout.feature] = feature;
  for (const [i, axis] of layout.spatial.entries()) at[axis] = spatial[i];
  return at;
}
