// Uses of ops that move elements or make them: constants, casts, axes that come and go, parts, sizes.

import {
  addDims,
  type Dim,
  emit,
  floorDim,
  maxDims,
  minDims,
  scalar,
  shapeOf,
  subDims,
  symbol,
  type TensorType,
  type Value,
} from "../../../ir/index.ts";
import * as ops from "../../../ops/index.ts";
import { dtypeOf, rankOf } from "../pool.ts";
import type { Random } from "../random.ts";
import { tensorDTypes } from "../uses.ts";
import { all, type Idiom, typeOf, withAxes } from "./idiom.ts";

export const constant: Idiom = (pool) => [pool.constant(typeOf(pool.any()))];

export const cast: Idiom = (pool) => [ops.cast(pool.any(), pool.random.pick(tensorDTypes))];

export const bitcast: Idiom = (pool) => {
  const x = pool.ofDType("f32", "i32", "u32");
  if (x === undefined) return [];
  return [ops.bitcast(x, dtypeOf(x) === "f32" ? pool.random.pick(["i32", "u32"]) : "f32")];
};

export const broadcast: Idiom = (pool, symbols) => {
  const { random } = pool;
  const x = pool.find(({ shape }) => shape.length < 3);
  if (x === undefined) return [];
  const own = shapeOf(x);
  if (random.oneIn(8)) return [ops.broadcast(x, own, all(own.length))];
  const extra = random.pick([2, 1, 3, 0, ...symbols.map((s) => symbol(s))]);
  const place = random.below(own.length + 1);
  const axes = own.map((_, i) => (i < place ? i : i + 1));
  return [ops.broadcast(x, [...own.slice(0, place), extra, ...own.slice(place)], axes)];
};

/** Axes of extent 1 come and go, and all are put in one. */
export const reshape: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.any();
  const shape = shapeOf(x);
  const kept = shape.filter((d) => d !== 1 || random.oneIn(2));
  const place = random.below(kept.length + 1);
  const flat = shape.every((d) => typeof d === "number") ? [shape.reduce((a, b) => a * b, 1)] : [1, ...shape];
  const last = shape.length > 1 && typeof shape[0] === "number" && typeof shape[1] === "number";
  const joined = last ? [Number(shape[0]) * Number(shape[1]), ...shape.slice(2)] : flat;
  return [ops.reshape(x, random.pick([kept, [...kept.slice(0, place), 1, ...kept.slice(place)], flat, joined]))];
};

/** A part of one or two axes: all but the last elements, all but the first ones, every so many, or some of these at once. */
export const slice: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const parts = shapeOf(x).map((d, i) => {
    // a part of a part of an open size is a long expression, which each step makes longer
    const isCut = (i === 0 || random.oneIn(2)) && (typeof d === "number" || d.depth < 2 || random.oneIn(6));
    return isCut ? partOf(d, random) : { start: 0, limit: d, stride: 1 };
  });
  const [start, limit] = [parts.map((part) => part.start), parts.map((part) => part.limit)];
  return [ops.slice(x, { start, limit, strides: random.oneIn(3) ? [] : parts.map((part) => part.stride) })];
};

/** A part of an extent, which hardly ever holds nothing where there is something. */
function partOf(extent: Dim, random: Random): { start: Dim; limit: Dim; stride: number } {
  const [first, cut] = [random.pick([0, 0, 1, 2]), random.pick([0, 0, 1, 2])];
  const stride = random.pick([1, 1, 2, 3]);
  if (typeof extent !== "number") {
    const start = first === 0 ? 0 : minDims(first, extent);
    return { start, limit: cut === 0 ? extent : maxDims(start, subDims(extent, cut)), stride };
  }
  const least = extent === 0 || random.oneIn(6) ? 0 : 1;
  const start = Math.min(first, extent - least);
  return { start, limit: Math.max(start + least, extent - cut), stride };
}

/** Nothing is cut off an open size, which may be 0. */
export const pad: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const type = typeOf(x);
  const entries = (choices: readonly number[]): readonly number[] =>
    type.shape.map((d) => Math.max(random.pick(choices), typeof d === "number" ? -1 : 0));
  if (random.oneIn(8)) {
    const none = type.shape.map(() => 0);
    return emit(ops.padOp, [x, pool.like(scalar(type.dtype))], { attributes: { low: none, high: none } });
  }
  const padding = { low: entries([0, 1, -1, 2]), high: entries([1, 0, -1, 0]), interior: entries([0, 0, 1, 2]) };
  return [ops.pad(x, padding, pool.like(scalar(type.dtype)))];
};

export const concatenate: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const axis = random.below(rankOf(x));
  if (random.oneIn(5)) return joined(x, axis, random);
  const isBeside = ({ dtype, shape }: TensorType): boolean =>
    dtype === dtypeOf(x) && shape.length === rankOf(x) && shape.every((d, a) => a === axis || d === shapeOf(x)[a]);
  const others = Array.from({ length: random.pick([1, 2, 1, 2, 1, 2, 0]) }, () => {
    return (random.oneIn(2) ? pool.find(isBeside) : undefined) ?? pool.like(typeOf(x));
  });
  return emit(ops.concatenateOp, random.shuffled([x, ...others]), { attributes: { axis } });
};

/** The parts before and behind a place, put together again: as they were, or the other way round. */
function joined(x: Value, axis: number, random: Random): readonly Value[] {
  const shape = shapeOf(x);
  const extent = shape[axis];
  const at = typeof extent === "number" ? random.below(extent + 1) : minDims(1, extent);
  const part = (from: Dim, to: Dim): Value =>
    ops.slice(x, {
      start: shape.map((_, a) => (a === axis ? from : 0)),
      limit: shape.map((d, a) => (a === axis ? to : d)),
    });
  const parts = [part(0, at), part(at, extent)];
  return [ops.concatenate(random.oneIn(2) ? parts : [parts[1], parts[0]], axis)];
}

export const iota: Idiom = (pool) => {
  const x = withAxes(pool);
  if (x === undefined || dtypeOf(x) === "bool") return [];
  return [ops.iota(typeOf(x), pool.random.below(rankOf(x)))];
};

/** A size: a dimension, or the elements of a tensor along some of its axes. */
export const dim: Idiom = ({ random }, symbols) => {
  if (symbols.length === 0) return [];
  const n = symbol(random.pick(symbols));
  return [ops.dim(random.pick([n, addDims(n, 2), floorDim(n, 2)]))];
};

export const extent: Idiom = (pool) => {
  const x = pool.any();
  return [ops.emit1(ops.extentOp, [x], { attributes: { axes: all(rankOf(x)).filter(() => pool.random.oneIn(2)) } })];
};
