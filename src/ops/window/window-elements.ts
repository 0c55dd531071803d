// Elements of a tensor at positions counted row-major over all axes: how the derivatives of windows read and add up.

import { type Dim, productOf, shapeOf, type TensorType, tensorType, type Value } from "../../ir/index.ts";
import { constantLike, dim, iota } from "../base/constant.ts";
import { otherAxes, rankOf, tensorOf } from "../base/define.ts";
import { compare, type Direction } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { zeros } from "../base/zeros.ts";
import { gather, scatter } from "../indexing/gather.ts";
import { add, div, mul, sub } from "../scalar/arithmetic.ts";
import { and } from "../scalar/bits.ts";
import { broadcastTo } from "../shape/broadcasting.ts";
import { reshape } from "../structural/structural.ts";
import type { AxisWindow } from "./window-shape.ts";
import { placesOf } from "./window-shape.ts";

/** The elements of `x` at i32 positions; `otherwise` where a position is -1. */
export function elementsAt(x: Value, positions: Value, otherwise = 0): Value {
  const flat = reshape(x, [productOf(shapeOf(x))]);
  const elements = gather(flat, positions, {
    offsetAxes: [],
    collapsedAxes: [0],
    indexMap: [0],
    indexAxis: rankOf(positions),
    sizes: [1],
    mode: "fill",
  });
  if (otherwise === 0) return elements;
  return select(compareTo(positions, 0, "lt"), constantLike(otherwise, elements), elements);
}

/** A tensor of this type: at each position the sum of the values for it; those for -1 go nowhere. */
export function addAt(type: TensorType, positions: Value, values: Value): Value {
  const flat = zeros(tensorType(type.dtype, [productOf(type.shape)]));
  const sums = scatter(flat, positions, values, {
    updateAxes: [],
    insertedAxes: [0],
    indexMap: [0],
    indexAxis: rankOf(positions),
    kind: "add",
    mode: "drop",
  });
  return reshape(sums, type.shape);
}

/** The numbers of gather and scatter for subscripts along one axis, which have the shape of the result. */
function along(axis: number, rank: number) {
  const others = otherAxes(rank, [axis]);
  return { batchAxes: others, indexBatchAxes: others, indexMap: [axis], indexAxis: rank } as const;
}

/** The elements of `x` at subscripts along an axis, the other subscripts as they are. */
export function elementsAlong(x: Value, axis: number, subscripts: Value): Value {
  const rank = rankOf(x);
  const sizes = tensorOf(x).shape.map(() => 1);
  const numbers = { ...along(axis, rank), offsetAxes: [], collapsedAxes: [axis], sizes, mode: "fill" } as const;
  return gather(x, subscripts, numbers);
}

/** A tensor of this type: at each subscript along the axis the sum of the values for it. */
export function addAlong(type: TensorType, axis: number, subscripts: Value, values: Value): Value {
  const numbers = { ...along(axis, type.shape.length), updateAxes: [], insertedAxes: [axis], kind: "add" } as const;
  return scatter(zeros(type), subscripts, values, { ...numbers, mode: "drop" });
}

/** The positions in a tensor of what lies under a window: axes of the places, then of the window; -1 for padding. */
export function positionsUnder({ shape }: TensorType, windows: readonly AxisWindow[]): Value {
  const rank = shape.length;
  const places = windows.map((w, a) => placesOf(shape[a], w));
  const type = tensorType("i32", [...places, ...windows.map((w) => w.size)]);
  let position = zeros(type);
  const conditions: Value[] = [];
  for (const [a, w] of windows.entries()) {
    const over = add(mulBy(iota(type, a), w.stride), mulBy(iota(type, rank + a), w.windowDilation));
    const undivided = w.low === 0 ? over : sub(over, dimLike(w.low, over));
    const subscript = w.dilation === 1 ? undivided : div(undivided, constantLike(w.dilation, undivided));
    conditions.push(compareTo(undivided, 0, "ge"), compareTo(subscript, shape[a], "lt"));
    if (w.dilation > 1) conditions.push(compare(mulBy(subscript, w.dilation), undivided, "eq"));
    position = add(mul(position, dimLike(shape[a], position)), subscript);
  }
  return conditions.length === 0 ? position : select(conditions.reduce(and), position, constantLike(-1, position));
}

function mulBy(x: Value, factor: number): Value {
  return factor === 1 ? x : mul(x, constantLike(factor, x));
}

/** A dimension at every place of `x`. */
export function dimLike(d: Dim, x: Value): Value {
  return typeof d === "number" ? constantLike(d, x) : broadcastTo(dim(d), tensorOf(x).shape);
}

function compareTo(x: Value, d: Dim, direction: Direction): Value {
  return compare(x, dimLike(d, x), direction);
}
