// Idioms: uses of ops whose attributes have to agree with each other, as people write them. Other ops follow from their
// records (uses.ts).

import {
  addDims,
  type Dim,
  type DType,
  emit,
  floorDim,
  list as listType,
  maxDims,
  minDims,
  type Op,
  sameType,
  scalar,
  shapeOf,
  subDims,
  symbol,
  type TensorType,
  tensorType,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { dtypeOf, type Pool, rankOf } from "./pool.ts";
import { tensorDTypes } from "./uses.ts";

/** What a use gives; nothing where the values there are do not suit. */
export type Idiom = (pool: Pool, symbols: readonly string[]) => readonly Value[];

const i32 = scalar("i32");
const all = (rank: number): readonly number[] => Array.from({ length: rank }, (_, i) => i);
const typeOf = (v: Value): TensorType => tensorType(dtypeOf(v), shapeOf(v));

/** One of the values that have axes, at most so many. */
function withAxes(pool: Pool, most = 3, dtypes: readonly DType[] = tensorDTypes): Value | undefined {
  return pool.find(({ shape, dtype }) => shape.length > 0 && shape.length <= most && dtypes.includes(dtype));
}

const constant: Idiom = (pool) => [pool.constant(typeOf(pool.any()))];

const cast: Idiom = (pool) => [ops.cast(pool.any(), pool.random.pick(tensorDTypes))];

const bitcast: Idiom = (pool) => {
  const x = pool.ofDType("f32", "i32", "u32");
  if (x === undefined) return [];
  return [ops.bitcast(x, dtypeOf(x) === "f32" ? pool.random.pick(["i32", "u32"]) : "f32")];
};

const broadcast: Idiom = (pool, symbols) => {
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
const reshape: Idiom = (pool) => {
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
const slice: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const shape = shapeOf(x);
  const isCut = shape.map((_, i) => i === 0 || random.oneIn(2));
  const start = shape.map((d, i) => (isCut[i] ? minDims(random.pick([0, 0, 1, 2]), d) : 0));
  const limit = shape.map((d, i) => {
    if (!isCut[i] || random.oneIn(2)) return d;
    return maxDims(start[i], subDims(d, random.pick([1, 2])));
  });
  const strides = shape.map((_, i) => (isCut[i] ? random.pick([1, 1, 2, 3]) : 1));
  return [ops.slice(x, { start, limit, strides: random.oneIn(2) ? [] : strides })];
};

/** Nothing is cut off an open size, which may be 0. */
const pad: Idiom = (pool) => {
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

const concatenate: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const axis = random.below(rankOf(x));
  const isBeside = ({ dtype, shape }: TensorType): boolean =>
    dtype === dtypeOf(x) && shape.length === rankOf(x) && shape.every((d, a) => a === axis || d === shapeOf(x)[a]);
  const others = Array.from({ length: random.pick([1, 2, 1, 2, 1, 2, 0]) }, () => {
    return (random.oneIn(2) ? pool.find(isBeside) : undefined) ?? pool.like(typeOf(x));
  });
  return emit(ops.concatenateOp, random.shuffled([x, ...others]), { attributes: { axis } });
};

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
const box: Idiom = (pool) => {
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

const gather: Idiom = (pool) => {
  const s = selection(pool);
  if (s === null || s.result.length > 4) return [];
  const mode = pool.random.pick(["clamp", "fill", pool.isObserved ? "fail" : "fill"] as const);
  return [
    ops.gather(s.x, s.by, { ...s.numbers, offsetAxes: s.offsets, collapsedAxes: s.dropped, sizes: s.sizes, mode }),
  ];
};

const scatter: Idiom = (pool) => {
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

/** The bits of some elements, as many as a size or a number says. */
const rngBits: Idiom = (pool, symbols) => {
  const { random } = pool;
  const keys = pool.like(tensorType("u32", [2]));
  const size = random.pick([2, 3, ...symbols.map((s) => addDims(symbol(s), random.below(3)))]);
  return [ops.rngBits(keys, [size], random.pick(["both", "first", "second"]))];
};

/** Of square matrices, and of the products of rows, which may well be singular; what comes out is not a number then, everywhere the same. */
const ofProducts =
  (make: (a: Value, x: Value, pool: Pool) => readonly Value[]): Idiom =>
  (pool) => {
    const x = pool.find(({ shape, dtype }) => shape.length === 2 && (dtype === "f64" || dtype === "f32"));
    if (x === undefined) return [];
    const isSquare = shapeOf(x)[0] === shapeOf(x)[1];
    const a = isSquare && pool.random.oneIn(2) ? x : ops.dot(x, x, { contract: { left: [1], right: [1] } });
    return make(a, isSquare && pool.random.oneIn(2) ? pool.like(typeOf(x)) : x, pool);
  };

const cholesky = ofProducts((a) => [ops.cholesky(a)]);
const lu = ofProducts((a) => ops.lu(a));
const triangularSolve = ofProducts((a, x, { random }) => [
  ops.triangularSolve(a, x, { lower: random.oneIn(2), transpose: random.oneIn(2), unit: random.oneIn(3) }),
]);

/** Windows along axes, with enough padding for any size: each has a place for each element, before strides. */
function windowsAlong(rank: number, { random }: Pool) {
  const each = (choices: readonly number[]): readonly number[] => all(rank).map(() => random.pick(choices));
  const [window, windowDilation] = [each([2, 1, 3, 0]), each([1, 1, 2])];
  const reach = window.map((k, axis) => Math.max(0, (k - 1) * windowDilation[axis]));
  const low = reach.map((d) => Math.min(d, random.below(3)));
  const high = reach.map((d, axis) => d - low[axis]);
  return { window, windowDilation, low, high, strides: each([1, 2, 1]), dilation: each([1, 2, 1]) };
}

const reduceWindow: Idiom = (pool) => {
  const x = withAxes(pool);
  if (x === undefined) return [];
  const { dilation, ...windows } = windowsAlong(rankOf(x), pool);
  const kinds = dtypeOf(x) === "bool" ? (["or", "and"] as const) : (["sum", "max", "prod", "min"] as const);
  const kind = pool.random.pick<(typeof kinds)[number]>(kinds);
  return [ops.reduceWindow(x, { ...windows, baseDilation: dilation, kind })];
};

const argReduceWindow: Idiom = (pool) => {
  const x = withAxes(pool);
  if (x === undefined || dtypeOf(x) === "bool") return [];
  const { dilation, ...windows } = windowsAlong(rankOf(x), pool);
  return [ops.argReduceWindow(x, { ...windows, baseDilation: dilation, kind: pool.random.pick(["max", "min"]) })];
};

/** The last axes are spatial; one before them may be the features, one by one or together. */
const conv: Idiom = (pool) => {
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

/** Products along one axis, of a value with another of its type, with a matrix, or over a batch. */
const dot: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.find(({ shape, dtype }) => shape.length > 0 && shape.length < 4 && dtype !== "bool");
  if (x === undefined) return [];
  const shape = shapeOf(x);
  const axis = random.below(shape.length);
  const batch = random.oneIn(3) ? [random.below(shape.length)].filter((a) => a !== axis) : [];
  const partner = pool.find((t, v) => t.dtype === dtypeOf(x) && v !== x && matches(t.shape, shape[axis]) >= 0);
  if (partner !== undefined && batch.length === 0 && random.oneIn(2)) {
    const other = matches(shapeOf(partner), shape[axis]);
    const free = rankOf(partner) + shape.length - 2;
    if (free < 4) return [ops.dot(x, partner, { contract: { left: [axis], right: [other] } })];
  }
  if (2 * (shape.length - 1 - batch.length) + batch.length > 3) return [];
  const second = random.oneIn(4) ? all(shape.length).filter((a) => a !== axis && !batch.includes(a)) : [];
  const contracted = random.oneIn(2) ? [axis, ...second.slice(0, 1)] : [...second.slice(0, 1), axis];
  const pairs = { contract: { left: contracted, right: contracted }, batch: { left: batch, right: batch } };
  return [ops.dot(x, pool.like(typeOf(x)), pairs)];
};

function matches(shape: readonly Dim[], extent: Dim): number {
  return shape.indexOf(extent);
}

const iota: Idiom = (pool) => {
  const x = withAxes(pool);
  if (x === undefined || dtypeOf(x) === "bool") return [];
  return [ops.iota(typeOf(x), pool.random.below(rankOf(x)))];
};

/** What is pushed, one by one or several at once, comes back in the opposite order, then zeros. */
const tape: Idiom = (pool) => {
  const { random } = pool;
  const first = pool.any();
  const type = typeOf(first);
  let list = ops.empty(listType(type));
  for (let i = random.below(4); i > 0; i--) list = ops.push(list, pool.like(type));
  if (random.oneIn(2)) list = ops.push(list, first, pool.like(type), first);
  const [rest, top] = ops.pop(list);
  return [top, ...ops.pop(rest, 2).slice(1)];
};

/** A size: a dimension, or the elements of a tensor along some of its axes. */
const dim: Idiom = ({ random }, symbols) => {
  if (symbols.length === 0) return [];
  const n = symbol(random.pick(symbols));
  return [ops.dim(random.pick([n, addDims(n, 2), floorDim(n, 2)]))];
};

const extent: Idiom = (pool) => {
  const x = pool.any();
  return [ops.emit1(ops.extentOp, [x], { attributes: { axes: all(rankOf(x)).filter(() => pool.random.oneIn(2)) } })];
};

/** A value is shown twice now and then, by other names. */
const probe: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.any();
  const seen = [ops.probe(x, `probe ${random.below(1000)}`)];
  if (random.oneIn(3)) seen.push(ops.probe(x, `probe ${random.below(1000)}`));
  return seen;
};

/** Mostly of what holds, so that programs get to their end; one or two, of which the first that fails tells. */
const check: Idiom = (pool) => {
  const { random } = pool;
  const holds = !random.oneIn(12);
  for (let i = random.pick([1, 2]); i > 0; i--) {
    const given = random.oneIn(3) ? pool.find(({ dtype, shape }) => dtype === "bool" && shape.length === 0) : undefined;
    ops.check(given ?? ops.constant(holds, scalar("bool")), `check ${random.below(1000)}`);
  }
  return [];
};

const compare: Idiom = (pool) => {
  const x = pool.any();
  const direction = pool.random.pick(["lt", "le", "gt", "ge", "eq", "ne"] as const);
  return [ops.compare(x, pool.random.oneIn(10) ? x : pool.like(typeOf(x)), direction)];
};

const sort: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const payload = pool.find(
    ({ shape }, v) => v !== x && shape.length === rankOf(x) && String(shape) === String(shapeOf(x)),
  );
  const keys = payload === undefined || random.oneIn(3) ? [x] : [x, payload];
  return ops.sort(keys, { axis: random.below(rankOf(x)), descending: random.oneIn(3) });
};

/** The idioms by the op that they are about. */
export const idioms: ReadonlyMap<Op, Idiom> = new Map<Op, Idiom>([
  [ops.constantOp, constant],
  [ops.castOp, cast],
  [ops.bitcastOp, bitcast],
  [ops.compareOp, compare],
  [ops.broadcastOp, broadcast],
  [ops.reshapeOp, reshape],
  [ops.sliceOp, slice],
  [ops.padOp, pad],
  [ops.concatenateOp, concatenate],
  [ops.gatherOp, gather],
  [ops.scatterOp, scatter],
  [ops.records.rngBits, rngBits],
  [ops.records.cholesky, cholesky],
  [ops.records.lu, lu],
  [ops.records.triangularSolve, triangularSolve],
  [ops.records.reduceWindow, reduceWindow],
  [ops.records.argReduceWindow, argReduceWindow],
  [ops.records.conv, conv],
  [ops.records.dot, dot],
  [ops.records.sort, sort],
  [ops.records.iota, iota],
  [ops.records.dim, dim],
  [ops.extentOp, extent],
  [ops.records.pop, tape],
  [ops.records.dynamicSlice, box],
  [ops.records.dynamicUpdateSlice, box],
  [ops.records.probe, probe],
  [ops.records.check, check],
]);
