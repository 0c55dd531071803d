// The index space of gather and scatter: how a tensor of indices selects windows of another tensor, by the dimension
// numbers of StableHLO.
//
// Along its index axis the tensor of indices holds one vector for each element of its other axes (the batch). A vector
// is the corner of a window of the operand. The tensor of all windows, here called the whole (gather's result,
// scatter's updates), has the axes of the batch and those of the window.

import {
  type AttributesOf,
  addDims,
  counted,
  type Dim,
  type EvalContext,
  type NdArray,
  printShape,
  sizeOf,
  type TensorType,
  type TypeContext,
  tensorTypeOf,
} from "../../ir/index.ts";
import { offsetsOf, pick, stridesOf } from "../base/arrays.ts";
import { otherAxes, requireAxes } from "../base/define.ts";
import { placed } from "../loop/subscript.ts";
import { type ScatterKind, scatterKinds } from "./scatter-kinds.ts";

/** The dimension numbers that gather and scatter share, whose attributes have different names. */
export interface IndexNumbers {
  /** The window axes of the whole, ascending: one for each axis of the operand but collapsed and batch axes. */
  readonly windowAxes: readonly number[];
  /** The collapsed axes of the operand: a window has one element along each, and the whole no axis. */
  readonly droppedAxes: readonly number[];
  /** The batch axes of the operand: along each, the subscript is that along the paired axis of the indices. */
  readonly batchAxes: readonly number[];
  /** For each batch axis of the operand, the axis of the indices that it is paired with. */
  readonly indexBatchAxes: readonly number[];
  /** For each component of a vector, the axis of the operand that it indexes. */
  readonly indexMap: readonly number[];
  /** The axis of the indices that holds the vectors' components; the rank, where each vector is a single index. */
  readonly indexAxis: number;
  /** The name of the operand in errors; the op's name where empty. */
  readonly of?: string;
  /** How many of the first axes of the operand, and of the indices, are those of batches; none where empty. */
  readonly mapped?: readonly number[];
}

/** The names of the attributes whose names differ between the two ops. */
export interface NumberNames {
  readonly window: "offset_axes" | "update_axes";
  readonly dropped: "collapsed_axes" | "inserted_axes";
}

export const gatherNames: NumberNames = { window: "offset_axes", dropped: "collapsed_axes" };
export const scatterNames: NumberNames = { window: "update_axes", dropped: "inserted_axes" };

const sharedAttributes = {
  batch_axes: {
    kind: "integers",
    default: [],
    summary: "the axes of x that go along with axes of the indices",
  },
  index_batch_axes: {
    kind: "integers",
    default: [],
    summary: "for each of batch_axes, the axis of the indices that it goes along with",
  },
  index_map: { kind: "integers", summary: "for each number of an index vector, the axis of x that it is an index of" },
  index_axis: {
    kind: "integer",
    summary: "the axis of the indices that the vectors lie along; their rank, where each index is alone",
  },
  of: { kind: "string", default: "", summary: "what errors call x; the op's name where empty" },
  mapped: {
    kind: "integers",
    default: [],
    summary: "how many first axes of x, and of the indices, vmap added: errors do not count them; none where empty",
  },
} as const;

export const gatherAttributes = {
  offset_axes: {
    kind: "integers",
    summary:
      "the axes of the result that run within a window, ascending; the others are the batch, those of the indices",
  },
  collapsed_axes: { kind: "integers", summary: "the axes of x of size 1 in a window that the result leaves out" },
  ...sharedAttributes,
  sizes: { kind: "dims", summary: "the extents of a window, axis by axis of x" },
  mode: {
    kind: "word",
    words: ["fail", "clamp", "fill"],
    default: "fail",
    summary: "what becomes of a window that is not within x: an error, the nearest one within, or zeros",
  },
} as const;

export type GatherAttributes = AttributesOf<typeof gatherAttributes>;

export const scatterAttributes = {
  kind: { kind: "word", words: scatterKinds, summary: "set: an update replaces the element; else how they combine" },
  update_axes: {
    kind: "integers",
    summary:
      "the axes of the updates that run within a window, ascending; the others are the batch, those of the indices",
  },
  inserted_axes: { kind: "integers", summary: "the axes of x of size 1 in a window that the updates leave out" },
  ...sharedAttributes,
  mode: {
    kind: "word",
    words: ["fail", "clamp", "drop"],
    default: "fail",
    summary: "what becomes of a window that is not within x: an error, the nearest one within, or it is left out",
  },
  unique: {
    kind: "boolean",
    default: false,
    isPromise: true,
    summary: "a promise that no two updates meet, which makes the derivative of set cheap and that of mul complete",
  },
} as const;

export type ScatterAttributes = AttributesOf<typeof scatterAttributes>;

const numbersShared = (attributes: AttributesOf<typeof sharedAttributes>) => ({
  batchAxes: attributes.batch_axes,
  indexBatchAxes: attributes.index_batch_axes,
  indexMap: attributes.index_map,
  indexAxis: attributes.index_axis,
  of: attributes.of,
  mapped: attributes.mapped,
});

export function gatherNumbers(attributes: GatherAttributes): IndexNumbers {
  return {
    windowAxes: attributes.offset_axes,
    droppedAxes: attributes.collapsed_axes,
    ...numbersShared(attributes),
  };
}

export function scatterNumbers(attributes: ScatterAttributes): IndexNumbers {
  return {
    windowAxes: attributes.update_axes,
    droppedAxes: attributes.inserted_axes,
    ...numbersShared(attributes),
  };
}

/** The attributes whose names are the same in both ops. */
export function sharedOf({ batchAxes, indexBatchAxes, indexMap, indexAxis, of, mapped }: IndexNumbers) {
  return {
    batch_axes: batchAxes,
    index_batch_axes: indexBatchAxes,
    index_map: indexMap,
    index_axis: indexAxis,
    of: of ?? "",
    mapped: mapped ?? [],
  };
}

// ---- parameters of the strict functions -----------------------------------------------------------------------------

export type GatherMode = "fail" | "clamp" | "fill";

/** The parameters of a gather: StableHLO's `GatherDimensionNumbers`, its slice sizes and the mode. */
export interface GatherNumbers {
  readonly offsetAxes: readonly number[];
  readonly collapsedAxes: readonly number[];
  readonly batchAxes?: readonly number[];
  readonly indexBatchAxes?: readonly number[];
  readonly indexMap: readonly number[];
  readonly indexAxis: number;
  /** The extents of a window, axis by axis of x. */
  readonly sizes: readonly Dim[];
  /** The treatment of indices out of range; fail where left out. */
  readonly mode?: GatherMode;
  /** The name of `x` in errors. */
  readonly of?: string;
  /** How many of the first axes of `x`, and of the indices, are those of batches; none where left out. */
  readonly mapped?: readonly number[];
}

export type ScatterMode = "fail" | "clamp" | "drop";

/** The parameters of a scatter: StableHLO's `ScatterDimensionNumbers`, the kind and the mode. */
export interface ScatterNumbers {
  readonly updateAxes: readonly number[];
  readonly insertedAxes: readonly number[];
  readonly batchAxes?: readonly number[];
  readonly indexBatchAxes?: readonly number[];
  readonly indexMap: readonly number[];
  readonly indexAxis: number;
  readonly kind: ScatterKind;
  /** The treatment of indices out of range; fail where left out. */
  readonly mode?: ScatterMode;
  /** The name of `x` in errors. */
  readonly of?: string;
  /** How many of the first axes of `x`, and of the indices, are those of batches; none where left out. */
  readonly mapped?: readonly number[];
  /** Whether the user promises that no two updates overlap; false where left out. */
  readonly unique?: boolean;
}

// ---- types ----------------------------------------------------------------------------------------------------------

/** Checks the dimension numbers, for both ops. */
export function requireNumbers(cx: TypeContext, numbers: IndexNumbers, names: NumberNames): void {
  const [operand, indices] = cx.operands.map(tensorTypeOf);
  const { windowAxes, droppedAxes, batchAxes, indexBatchAxes, indexMap, indexAxis } = numbers;
  const rank = operand.shape.length;
  requireAxes(cx, [...droppedAxes, ...batchAxes], rank, `${names.dropped} with batch_axes`);
  requireAxes(cx, [...indexMap, ...batchAxes], rank, "index_map with batch_axes");
  if (windowAxes.some((a, i) => i > 0 && a < windowAxes[i - 1])) {
    cx.fail("axis", `${names.window} is ${printShape(windowAxes)}, expected ascending axes`);
  }
  const kept = rank - droppedAxes.length - batchAxes.length;
  if (windowAxes.length !== kept) {
    cx.fail(
      "axis",
      `${names.window} names ${counted(windowAxes.length, "axis")}, expected ${kept}, one for each axis of ${printShape(operand.shape)} outside ${names.dropped} and batch_axes`,
    );
  }
  requireIndexAxes(cx, indices.shape, indexAxis, indexBatchAxes);
  requireAxes(cx, windowAxes, indexBatch(indices.shape.length, numbers).length + kept, names.window);
  if (indexBatchAxes.length !== batchAxes.length) {
    cx.fail(
      "axis",
      `index_batch_axes names ${counted(indexBatchAxes.length, "axis")}, expected ${batchAxes.length} as batch_axes`,
    );
  }
  for (const [k, axis] of batchAxes.entries()) {
    const at = indexBatchAxes[k];
    cx.equal(indices.shape[at], operand.shape[axis], `axis ${at} of the indices, beside axis ${axis} of operand 0,`);
  }
  const length = indexAxis === indices.shape.length ? 1 : indices.shape[indexAxis];
  cx.equal(length, indexMap.length, `axis ${indexAxis} of the indices, which index_map describes,`);
}

function requireIndexAxes(cx: TypeContext, shape: readonly Dim[], indexAxis: number, batch: readonly number[]): void {
  if (indexAxis < 0 || indexAxis > shape.length) {
    cx.fail("axis", `index_axis is ${indexAxis}, expected 0 to ${shape.length}, the rank of the indices`);
  }
  requireAxes(cx, batch, shape.length, "index_batch_axes");
  if (batch.includes(indexAxis)) cx.fail("axis", `index_batch_axes names axis ${indexAxis}, which is index_axis`);
}

/**
 * Requires windows to fit into the operand. On an axis that may be empty, a window of one element is allowed: every
 * index is out of range there, and the mode says what happens. Not so with mode clamp, which needs an index to clamp
 * to.
 */
export function requireRoom(
  cx: TypeContext,
  sizes: readonly Dim[],
  shape: readonly Dim[],
  { indexMap, batchAxes }: IndexNumbers,
): void {
  for (const [axis, size] of sizes.entries()) {
    // a batch axis is as long as that of the indices: where it is empty, there are no windows
    if (batchAxes.includes(axis)) continue;
    cx.atLeast(size, 0, `the size of windows on axis ${axis}`);
    if (size === 1 && indexMap.includes(axis) && cx.attributes.mode !== "clamp") continue;
    cx.atLeast(shape[axis], size, `the extent of axis ${axis}, from which windows are taken,`);
  }
}

// ---- shapes ---------------------------------------------------------------------------------------------------------

/** The axes of the operand that are window axes of the whole. */
export function keptAxes(rank: number, { droppedAxes, batchAxes }: IndexNumbers): readonly number[] {
  return otherAxes(rank, [...droppedAxes, ...batchAxes]);
}

/** The axes of the indices that are batch axes of the whole. */
function indexBatch(rank: number, { indexAxis }: IndexNumbers): readonly number[] {
  return otherAxes(rank, [indexAxis]);
}

/** The extents of the whole, from those of the indices and of the window. */
export function wholeShape(indices: readonly Dim[], window: readonly Dim[], numbers: IndexNumbers): readonly Dim[] {
  const batch = pick(indices, indexBatch(indices.length, numbers));
  const shape: Dim[] = new Array(batch.length + window.length);
  for (const [k, axis] of numbers.windowAxes.entries()) shape[axis] = window[k];
  for (const [k, axis] of otherAxes(shape.length, numbers.windowAxes).entries()) shape[axis] = batch[k];
  return shape;
}

/** The extents of a window on each axis of the operand, taken from the shape of the whole. */
export function windowSizes(rank: number, whole: readonly Dim[], numbers: IndexNumbers): readonly Dim[] {
  const sizes: Dim[] = new Array(rank).fill(1);
  for (const [k, axis] of keptAxes(rank, numbers).entries()) sizes[axis] = whole[numbers.windowAxes[k]];
  return sizes;
}

// ---- subscripts -----------------------------------------------------------------------------------------------------

/** Translates a subscript in the whole to one in the operand; `start` gives component `k` of the window's corner. */
export function operandSubscript(
  { shape: { length: rank } }: TensorType,
  indices: TensorType,
  at: readonly Dim[],
  numbers: IndexNumbers,
  start: (k: number, axis: number, at: readonly Dim[]) => Dim,
): readonly Dim[] {
  const { windowAxes, batchAxes, indexBatchAxes, indexMap, indexAxis } = numbers;
  const batch = pick(at, otherAxes(at.length, windowAxes));
  const place: Dim[] = new Array(rank).fill(0);
  const isAlone = indexAxis === indices.shape.length;
  const vector = (k: number): readonly Dim[] =>
    isAlone ? batch : [...batch.slice(0, indexAxis), k, ...batch.slice(indexAxis)];
  for (const [k, axis] of indexMap.entries()) place[axis] = start(k, axis, vector(k));
  for (const [k, axis] of batchAxes.entries()) {
    const own = indexBatchAxes[k];
    place[axis] = batch[own > indexAxis ? own - 1 : own];
  }
  for (const [k, axis] of keptAxes(rank, numbers).entries()) place[axis] = addDims(place[axis], at[windowAxes[k]]);
  return place;
}

/** Which axis errors name, without those that batches added. */
export function namedAxis(axis: number, { mapped }: IndexNumbers): number {
  return axis - (mapped?.[0] ?? 0);
}

/** The element of each batch that an index vector is of; the outermost batch comes first. */
export function batchElements<T>(vector: readonly T[], { mapped }: IndexNumbers): readonly T[] {
  return vector.slice(0, mapped?.[1] ?? 0);
}

/** The dimension numbers after x, the indices or both got a new first axis. */
export function batchNumbers(n: IndexNumbers, batched: readonly boolean[]): IndexNumbers {
  const up = (axes: readonly number[], by: boolean): readonly number[] => axes.map((a) => a + Number(by));
  const [ofX, ofIndices] = batched;
  const isPaired = ofX && ofIndices;
  return {
    windowAxes: ofX && !ofIndices ? [0, ...up(n.windowAxes, true)] : up(n.windowAxes, true),
    droppedAxes: up(n.droppedAxes, ofX),
    batchAxes: [...(isPaired ? [0] : []), ...up(n.batchAxes, ofX)],
    indexBatchAxes: [...(isPaired ? [0] : []), ...up(n.indexBatchAxes, ofIndices)],
    indexMap: up(n.indexMap, ofX),
    indexAxis: n.indexAxis + Number(ofIndices),
    of: n.of,
    mapped: [ofX, ofIndices].map((isBatched, i) => (n.mapped?.[i] ?? 0) + Number(isBatched)),
  };
}

// ---- on arrays ------------------------------------------------------------------------------------------------------

/** For each element of the whole, in row-major order, its offset in the operand; -1 where its window is left out. */
export function offsetsInOperand(
  cx: EvalContext,
  indices: NdArray,
  operand: readonly number[],
  whole: readonly number[],
  numbers: IndexNumbers,
  mode: string,
): Float64Array {
  if (sizeOf(whole) === 0) return new Float64Array(0);
  const sizes = windowSizes(operand.length, whole, numbers) as readonly number[];
  const bases = windowBases(cx, indices, operand, sizes, numbers, mode);
  const own = stridesOf(operand);
  const inBatch: number[] = new Array(whole.length).fill(0);
  const inWindow: number[] = new Array(whole.length).fill(0);
  const batch = otherAxes(whole.length, numbers.windowAxes);
  for (const [k, stride] of stridesOf(pick(whole, batch)).entries()) inBatch[batch[k]] = stride;
  for (const [k, axis] of keptAxes(operand.length, numbers).entries()) inWindow[numbers.windowAxes[k]] = own[axis];
  const offsets = offsetsOf(whole, inWindow);
  const places = offsetsOf(whole, inBatch);
  for (let i = 0; i < offsets.length; i++) {
    const base = bases[places[i]];
    offsets[i] = base < 0 ? -1 : base + offsets[i];
  }
  return offsets;
}

/** The subscripts of the element that is number `i` in row-major order. */
function subscriptsOf(i: number, shape: readonly number[]): readonly number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]);
}

/** For each index vector, the offset of its window's corner in the operand; -1 where the window is left out. */
function windowBases(
  cx: EvalContext,
  indices: NdArray,
  operand: readonly number[],
  sizes: readonly number[],
  numbers: IndexNumbers,
  mode: string,
): Float64Array {
  const { batchAxes, indexBatchAxes, indexMap, indexAxis } = numbers;
  const axes = indexBatch(indices.shape.length, numbers);
  const shape = pick(indices.shape, axes);
  const strides = stridesOf(indices.shape);
  const own = stridesOf(operand);
  const step = indexAxis < indices.shape.length ? strides[indexAxis] : 0;
  const along = axes.map((a) => {
    const k = indexBatchAxes.indexOf(a);
    return k < 0 ? 0 : own[batchAxes[k]];
  });
  const bases = offsetsOf(shape, along);
  for (const [i, vector] of offsetsOf(shape, pick(strides, axes)).entries()) {
    for (const [k, axis] of indexMap.entries()) {
      const range = { axis: namedAxis(axis, numbers), extent: operand[axis], size: sizes[axis] };
      const start = placed(cx, indices.data[vector + k * step], range, mode, () =>
        batchElements(subscriptsOf(i, shape), numbers),
      );
      if (start === null) bases[i] = -1;
      else if (bases[i] >= 0) bases[i] += start * own[axis];
    }
  }
  return bases;
}
