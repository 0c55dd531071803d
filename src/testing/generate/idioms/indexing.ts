// Uses of ops that take and put elements where indices say: boxes, gather, scatter.

import { type Dim, sameType, scalar, shapeOf, type TensorType, tensorType, type Value } from "../../../ir/index.ts";
import * as ops from "../../../ops/index.ts";
import { dtypeOf, type Pool } from "../pool.ts";
import { all, type Idiom } from "./idiom.ts";

const i32 = scalar("i32");

/** Axes that are known to have an element; open sizes may be 0. */
function filledAxes(shape: readonly Dim[]): readonly number[] {
  return shape.flatMap((d, a) => (typeof d === "number" && d > 0 ? [a] : []));
}

const hasFilledAxis = ({ shape }: TensorType): boolean => filledAxes(shape).length > 0;

/** An index that is in range mostly; at the edges of it often. */
function indexInto(extent: number, { random }: Pool): number {
  if (random.oneIn(8)) return random.pick([-1, -2, extent, extent + 1, 2 ** 31 - 1, -(2 ** 31)]);
  return random.oneIn(3) ? random.pick([0, Math.max(0, extent - 1)]) : random.below(Math.max(1, extent));
}

/** Parts of a shape along some filled axes: of one element mostly. */
function windowIn(shape: readonly Dim[], axes: readonly number[], { random }: Pool): readonly Dim[] {
  return shape.map((d, a) => {
    if (!axes.includes(a)) return d;
    return random.oneIn(2) ? 1 : 1 + random.below(Number(d));
  });
}

/** One or two axes that are known to have an element. */
function someFilled(shape: readonly Dim[], { random }: Pool): readonly number[] {
  return random.shuffled(filledAxes(shape)).slice(0, random.pick([1, 1, 2]));
}

/** A box, all along the axes that are not known to have an element, taken out or put back elsewhere. */
export const box: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.find(hasFilledAxis);
  if (x === undefined) return [];
  const shape = shapeOf(x);
  const axes = someFilled(shape, pool);
  const sizes = windowIn(shape, axes, pool);
  const starts = shape.map((d, a) => {
    if (!axes.includes(a)) return ops.constant(0, i32);
    return random.oneIn(3) ? pool.like(i32) : ops.constant(indexInto(Number(d), pool), i32);
  });
  if (random.oneIn(2)) return [ops.dynamicSlice(x, starts, sizes)];
  return [ops.dynamicUpdateSlice(x, pool.like(tensorType(dtypeOf(x), sizes)), starts)];
};

/** Windows of a value and the indices where they begin: single ones or vectors, one axis or two, over a batch now and then. */
function selection(pool: Pool) {
  const { random } = pool;
  const x = pool.find((type) => hasFilledAxis(type) && type.shape.length < 4);
  if (x === undefined) return null;
  const shape = shapeOf(x);
  const indexMap = someFilled(shape, pool);
  const sizes = windowIn(shape, indexMap, pool);
  const rest = filledAxes(shape).filter((a) => !indexMap.includes(a));
  const batchAxes = rest.length > 0 && random.oneIn(6) ? [random.pick(rest)] : [];
  const whole = sizes.map((d, a) => (batchAxes.includes(a) ? 1 : d));
  const free = random.pick<readonly number[]>([[], [], [2], [3], [2, 2]]);
  const along = [...batchAxes.map((a) => Number(shape[a])), ...free];
  const isVector = indexMap.length > 1 || random.oneIn(3);
  const indexAxis = isVector ? random.below(along.length + 1) : along.length;
  const vectors = isVector ? along.toSpliced(indexAxis, 0, indexMap.length) : along;
  const indexBatchAxes = batchAxes.map(() => (isVector && indexAxis === 0 ? 1 : 0));
  const dropped = shape.flatMap((_, a) => (indexMap.includes(a) && sizes[a] === 1 && !random.oneIn(4) ? [a] : []));
  const kept = whole.filter((_, a) => !dropped.includes(a) && !batchAxes.includes(a));
  const places = random.shuffled(all(along.length + kept.length)).slice(0, kept.length);
  const offsets = places.toSorted((a, b) => a - b);
  const result: Dim[] = [...along];
  for (const [i, at] of offsets.entries()) result.splice(at, 0, kept[i]);
  const type = tensorType("i32", vectors);
  const by =
    (random.oneIn(3) ? pool.find((t) => sameType(t, type)) : undefined) ?? indices(type, shape, indexMap, pool);
  const numbers = { indexMap, indexAxis, batchAxes, indexBatchAxes };
  return { x, by, numbers, dropped, offsets, sizes: whole, result, isAlone: along.length === 0 };
}

/** Indices, some of them equal. */
function indices(type: TensorType, shape: readonly Dim[], indexMap: readonly number[], pool: Pool): Value {
  const count = type.shape.reduce<number>((a, b) => a * Number(b), 1);
  const most = Math.min(...indexMap.map((a) => Number(shape[a])));
  const elements = Array.from({ length: count }, () => indexInto(most, pool));
  return type.shape.length === 0 ? ops.constant(elements[0], type) : pool.listed(type, elements);
}

export const gather: Idiom = (pool) => {
  const s = selection(pool);
  if (s === null || s.result.length > 4) return [];
  const mode = pool.random.pick(["clamp", "fill", pool.isObserved ? "fail" : "fill"] as const);
  return [
    ops.gather(s.x, s.by, { ...s.numbers, offsetAxes: s.offsets, collapsedAxes: s.dropped, sizes: s.sizes, mode }),
  ];
};

export const scatter: Idiom = (pool) => {
  const s = selection(pool);
  if (s === null || s.result.length > 4) return [];
  const { random } = pool;
  const dtype = dtypeOf(s.x);
  const kind = dtype === "bool" ? "set" : random.pick(["add", "set", "max", "mul", "min", "add", "set"] as const);
  const mode = random.pick(["clamp", "drop", pool.isObserved ? "fail" : "drop"] as const);
  const updates = pool.like(tensorType(dtype, s.result));
  const axes = { ...s.numbers, updateAxes: s.offsets, insertedAxes: s.dropped };
  return [ops.scatter(s.x, s.by, updates, { ...axes, kind, mode, unique: s.isAlone && random.oneIn(2) })];
};
