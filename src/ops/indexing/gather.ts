// The ops gather and scatter: reading windows of a tensor at places that a tensor of indices gives, and writing to such
// windows. Each is the transpose of the other.

import {
  allocate,
  type BatchContext,
  counted,
  type EvalContext,
  type Increment,
  type NdArray,
  type Operation,
  printShape,
  shapeOf,
  subDims,
  type TransposeContext,
  type TypeContext,
  tensorType,
  unranked,
  type Value,
  type Varies,
} from "../../ir/index.ts";

import { pick } from "../base/arrays.ts";
import { defineOp, dtypeOf, emit1, otherAxes, rankedOperand, requireTensor } from "../base/define.ts";
import { requireIndexType } from "../loop/subscript.ts";
import { withAxisBehind, withBatchAxis } from "../shape/reduce.ts";
import { elementOfGather, updateOfScatter } from "./gather-loops.ts";
import {
  batchNumbers,
  type GatherAttributes,
  type GatherNumbers,
  gatherAttributes,
  gatherNames,
  gatherNumbers,
  type IndexNumbers,
  keptAxes,
  offsetsInOperand,
  requireNumbers,
  requireRoom,
  type ScatterAttributes,
  type ScatterNumbers,
  scatterAttributes,
  scatterNames,
  scatterNumbers,
  sharedOf,
  wholeShape,
  windowSizes,
} from "./index-space.ts";
import { scatterDerivative } from "./scatter-derivative.ts";
import { combination } from "./scatter-kinds.ts";

// ---- gather ---------------------------------------------------------------------------------------------------------

/** The mode of the transpose of a gather: where the gather fills in zeros, the scatter drops the cotangent. */
const scatterModes = { fail: "fail", clamp: "clamp", fill: "drop" } as const;

export const gatherOp = defineOp({
  name: "gather",
  summary: "Windows of a tensor, from where a tensor of indices says.",
  operands: [{ name: "x" }, { name: "indices", isIndex: true }],
  attributes: gatherAttributes,
  effects: { fails: true },
  succeeds: (operation, [, index]) => index !== null && isInRange(operation, index),
  types: (x) => [gatherType(x)],
  eval: (x) => [evalGather(x)],
  varies: ({ operands, attributes }, result, of) =>
    gathered(of(operands[0]), gatherNumbers(attributes), shapeOf(result).length),
  derivative: {
    kind: "linear",
    in: [0],
    transpose: (x) => [addBack(x), null],
  },
  batching: {
    kind: "rule",
    batch: batchGather,
    behind: { takes: (_, operand) => operand === 0, batch: gatherBehind },
  },
  lowering: { kind: "element", element: elementOfGather },
  docs: {
    semantics:
      "The result is made of windows of x, all of the extents `sizes`; the indices say where each window begins. Along index_axis the indices hold vectors, one for each window. Component k of a vector is the subscript at which the window begins on axis index_map[k] of x. On an axis in batch_axes the window begins at the vector's own subscript along the paired axis in index_batch_axes, and on every other axis at 0. The result has two kinds of axes: offset_axes run within a window, without those axes of x that are in collapsed_axes or batch_axes; the others are those of the indices, and say which window it is. A component is in range where 0 <= index <= extent - size, so that the whole window lies within x; negative indices are out of range. Where one is out of range, mode = fail ends the run with an error that names the index, the axis and the extent, as soon as an element of that window is read; mode = clamp takes the nearest index in range; mode = fill makes the window 0 (false).",
    constraints: [
      "indices are integers, or with mode = fail floats that are integers",
      "sizes are at most the extents, and 1 on collapsed_axes and batch_axes",
      "extents of batch_axes and index_batch_axes agree",
    ],
    example: `func @rows(%x: f64[3, 2], %i: i32[2]) -> f64[2, 2] {
  %r = gather %x, %i, offset_axes = [1], collapsed_axes = [0], index_map = [0], index_axis = 1, sizes = [1, 2] : f64[2, 2]
  return %r
}
// run: @rows([[1, 2], [3, 4], [5, 6]], [2, 0]) == [[5, 6], [1, 2]]
`,
  },
});

/** Whether all windows are known to begin in range, where every index has this value. */
function isInRange({ operands, attributes }: Operation<GatherAttributes>, index: number): boolean {
  const { type } = operands[0];
  if (type.kind !== "tensor" || !Number.isInteger(index) || index < 0) return false;
  return attributes.index_map.every((axis) => {
    const room = subDims(type.shape[axis], attributes.sizes[axis]);
    return typeof room === "number" && index <= room;
  });
}

function gatherType(cx: TypeContext<GatherAttributes>) {
  const dtype = dtypeOf(requireTensor(cx, 0));
  const [operand, indices] = [rankedOperand(cx, 0), rankedOperand(cx, 1)];
  requireIndexType(cx, 1, "operand 1", cx.attributes.mode);
  if (operand === null || indices === null) return unranked(dtype);
  const numbers = gatherNumbers(cx.attributes);
  const sizes = cx.attributes.sizes;
  const { shape } = operand;
  if (sizes.length !== shape.length) {
    cx.fail(
      "shape",
      `sizes has ${counted(sizes.length, "entry")}, expected ${shape.length}, one per axis of ${printShape(shape)}`,
    );
  }
  requireNumbers(cx, numbers, gatherNames);
  for (const axis of [...numbers.droppedAxes, ...numbers.batchAxes])
    cx.equal(sizes[axis], 1, `the size on axis ${axis}`);
  requireRoom(cx, sizes, shape, numbers);
  return tensorType(dtype, wholeShape(indices.shape, pick(sizes, keptAxes(shape.length, numbers)), numbers));
}

function evalGather(cx: EvalContext<GatherAttributes>): NdArray {
  const [source, indices] = cx.operands;
  const shape = cx.shape(cx.operation.results[0].type);
  const result = allocate(source.dtype, shape);
  const offsets = offsetsInOperand(cx, indices, source.shape, shape, gatherNumbers(cx.attributes), cx.attributes.mode);
  for (let i = 0; i < offsets.length; i++) if (offsets[i] >= 0) result.data[i] = source.data[offsets[i]];
  return result;
}

/** The transpose: adds the cotangent to the windows that were read, in the cotangent gathered so far. */
function addBack({
  operation,
  operands: [, indices],
  cotangent,
}: Pick<TransposeContext<GatherAttributes>, "operation" | "operands" | "cotangent">): Increment {
  const { windowAxes, droppedAxes, ...shared } = gatherNumbers(operation.attributes);
  const mode = scatterModes[operation.attributes.mode];
  const numbers = { ...shared, updateAxes: windowAxes, insertedAxes: droppedAxes, kind: "add", mode } as const;
  return { kind: "increment", addTo: (gathered: Value) => scatter(gathered, indices, cotangent, numbers) };
}

function batchGather({
  operation,
  operands: [x, indices],
  batched,
  size,
}: BatchContext<GatherAttributes>): readonly Value[] {
  const sizes = operation.attributes.sizes;
  const leading = batched[0] ? [batched[1] ? 1 : size] : [];
  const { windowAxes, droppedAxes, ...shared } = batchNumbers(gatherNumbers(operation.attributes), batched);
  const mode = operation.attributes.mode;
  const numbers = { ...shared, offsetAxes: windowAxes, collapsedAxes: droppedAxes };
  return [gather(x, indices, { ...numbers, sizes: [...leading, ...sizes], mode })];
}

/** Batches with the new axis last: it becomes one more axis of every window. */
function gatherBehind({ operation, operands: [x, indices], size }: BatchContext<GatherAttributes>): readonly Value[] {
  const { attributes, results } = operation;
  const { windowAxes, droppedAxes, ...shared } = gatherNumbers(attributes);
  const offsetAxes = [...windowAxes, shapeOf(results[0]).length];
  const numbers = { ...shared, offsetAxes, collapsedAxes: droppedAxes };
  return [gather(x, indices, { ...numbers, sizes: [...attributes.sizes, size], mode: attributes.mode })];
}

/**
 * Emits a gather: windows of `x` of extents `sizes`, whose corners `indices` give, with StableHLO's dimension numbers.
 * Along `indexAxis` the indices hold vectors, whose components are subscripts on the axes `indexMap` of `x`; where
 * `indexAxis` is the rank of `indices`, each index is a vector of one component.
 */
export function gather(x: Value, indices: Value, numbers: GatherNumbers): Value {
  const {
    offsetAxes,
    collapsedAxes,
    batchAxes = [],
    indexBatchAxes = [],
    indexMap,
    indexAxis,
    sizes,
    mode,
    of,
    mapped,
  } = numbers;
  const axes = {
    windowAxes: offsetAxes,
    droppedAxes: collapsedAxes,
    batchAxes,
    indexBatchAxes,
    indexMap,
    indexAxis,
    of,
    mapped,
  };
  const attributes = {
    offset_axes: axes.windowAxes,
    collapsed_axes: axes.droppedAxes,
    ...sharedOf(axes),
    sizes,
    mode: mode ?? "fail",
  };
  return emit1(gatherOp, [x, indices], { attributes });
}

// ---- scatter --------------------------------------------------------------------------------------------------------

export const scatterOp = defineOp({
  name: "scatter",
  summary: "A tensor with updates of windows, where a tensor of indices says.",
  operands: [{ name: "x" }, { name: "indices", isIndex: true }, { name: "updates" }],
  attributes: scatterAttributes,
  effects: { fails: true },
  types: (x) => [scatterType(x)],
  eval: (x) => [evalScatter(x)],
  varies: ({ operands, attributes }, _, of) => scattered(of(operands[0]), of(operands[2]), scatterNumbers(attributes)),
  derivative: scatterDerivative(gather, scatter),
  batching: {
    kind: "rule",
    batch: batchScatter,
    behind: { takes: (_, operand) => operand !== 1, batch: scatterBehind },
  },
  lowering: { kind: "update", update: updateOfScatter },
  docs: {
    semantics:
      "The result is x after the updates were written into it. Each element of the updates has one element of x, the one that a gather with the same numbers would read for it; update_axes stand for the gather's offset_axes, and inserted_axes for its collapsed_axes. With kind = set the update replaces that element; with add, mul, min or max it is combined with it. The updates are taken one after the other in row-major order, and each combination is rounded; so with set, the last of several updates of one element stays. An index is out of range as in gather: mode = fail ends the run with an error, mode = clamp takes the nearest index in range, and mode = drop leaves the window out. The derivative of set is zero for elements of x that were overwritten, and of several updates of one element only the last has a derivative. The derivative of min and max is shared equally among ties. The derivative of mul is exact where factors are 0, which takes quadratic cost there, unless `unique` promises that no two updates share an element.",
    constraints: [
      "indices are integers, or with mode = fail floats that are integers",
      "x and updates have one dtype; bool has only kind = set",
      "windows of the updates are at most as large as x",
      "extents of the updates outside update_axes are those of the indices",
    ],
    example: `func @add_rows(%x: f64[3, 2], %i: i32[2], %u: f64[2, 2]) -> f64[3, 2] {
  %s = scatter %x, %i, %u, kind = add, update_axes = [1], inserted_axes = [0], index_map = [0], index_axis = 1 : f64[3, 2]
  return %s
}
// run: @add_rows([[1, 2], [3, 4], [5, 6]], [2, 2], [[10, 20], [100, 200]]) == [[1, 2], [3, 4], [115, 226]]
`,
  },
});

function scatterType(cx: TypeContext<ScatterAttributes>) {
  const dtype = dtypeOf(requireTensor(cx, 0));
  const other = dtypeOf(requireTensor(cx, 2));
  requireIndexType(cx, 1, "operand 1", cx.attributes.mode);
  if (other !== dtype)
    cx.fail("dtype", `operand 2 has dtype ${other}, expected ${dtype} as operand 0`, "cast one of them");
  const kind = cx.attributes.kind;
  if (dtype === "bool" && kind !== "set")
    cx.fail("dtype", `kind ${kind} takes numbers, operand 0 has dtype bool`, "cast it");
  const [operand, indices, updates] = [rankedOperand(cx, 0), rankedOperand(cx, 1), rankedOperand(cx, 2)];
  if (operand === null || indices === null || updates === null) return operand ?? unranked(dtype);
  const numbers = scatterNumbers(cx.attributes);
  requireNumbers(cx, numbers, scatterNames);
  const { shape } = operand;
  const window = numbers.windowAxes.map((axis) => updates.shape[axis] ?? 1);
  const whole = wholeShape(indices.shape, window, numbers);
  if (whole.length !== updates.shape.length) {
    cx.fail(
      "shape",
      `the updates have shape ${printShape(updates.shape)}, expected rank ${whole.length}, as ${printShape(whole)}`,
    );
  }
  for (const [axis, d] of whole.entries()) cx.equal(updates.shape[axis], d, `axis ${axis} of the updates`);
  requireRoom(cx, windowSizes(shape.length, updates.shape, numbers), shape, numbers);
  return operand;
}

function evalScatter(cx: EvalContext<ScatterAttributes>): NdArray {
  const [source, indices, updates] = cx.operands;
  const result = { ...source, data: source.data.slice() };
  const mode = cx.attributes.mode;
  const numbers = scatterNumbers(cx.attributes);
  const offsets = offsetsInOperand(cx, indices, source.shape, updates.shape, numbers, mode);
  const change = combination(cx.attributes.kind, source.dtype);
  for (const [i, offset] of offsets.entries()) {
    if (offset >= 0) result.data[offset] = change(result.data[offset], updates.data[i]);
  }
  return result;
}

/**
 * Batches with the new axis first. Where the indices have it, it is a batch axis of x and of the indices; else it is
 * one more axis of every window.
 */
function batchScatter({ operation, operands, batched, size }: BatchContext<ScatterAttributes>): readonly Value[] {
  const [x, indices, updates] = operands;
  const { kind, mode, unique } = operation.attributes;
  const axes = batchNumbers(scatterNumbers(operation.attributes), [true, batched[1]]);
  const { windowAxes, droppedAxes, ...shared } = axes;
  const numbers = { ...shared, updateAxes: windowAxes, insertedAxes: droppedAxes, kind, mode, unique };
  return [scatter(withBatchAxis(x, batched[0], size), indices, withBatchAxis(updates, batched[2], size), numbers)];
}

/** Batches with the new axis last: it becomes one more axis of every window. */
function scatterBehind({ operation, operands, batched, size }: BatchContext<ScatterAttributes>): readonly Value[] {
  const [x, indices, updates] = operands;
  const { kind, mode, unique } = operation.attributes;
  const { windowAxes, droppedAxes, ...shared } = scatterNumbers(operation.attributes);
  const updateAxes = [...windowAxes, shapeOf(operation.operands[2]).length];
  const numbers = { ...shared, updateAxes, insertedAxes: droppedAxes, kind, mode, unique };
  return [scatter(withAxisBehind(x, batched[0], size), indices, withAxisBehind(updates, batched[2], size), numbers)];
}

/**
 * Emits a scatter: `x` with its windows updated, whose corners `indices` give, with StableHLO's dimension numbers.
 * Along `indexAxis` the indices hold vectors, whose components are subscripts on the axes `indexMap` of `x`; where
 * `indexAxis` is the rank of `indices`, each index is a vector of one component.
 */
export function scatter(x: Value, indices: Value, updates: Value, numbers: ScatterNumbers): Value {
  const { updateAxes, insertedAxes, batchAxes = [], indexBatchAxes = [], indexMap, indexAxis } = numbers;
  const { kind, mode = "fail", unique = false, of, mapped } = numbers;
  const axes = {
    windowAxes: updateAxes,
    droppedAxes: insertedAxes,
    batchAxes,
    indexBatchAxes,
    indexMap,
    indexAxis,
    of,
    mapped,
  };
  return emit1(scatterOp, [x, indices, updates], {
    attributes: { update_axes: updateAxes, inserted_axes: insertedAxes, ...sharedOf(axes), kind, mode, unique },
  });
}

/**
 * gather: a window axis varies where the axis of x does. The other axes say which window is read, so they vary where x
 * varies along an axis that windows are placed on.
 */
function gathered(x: Varies, numbers: IndexNumbers, rank: number): Varies {
  const { windowAxes, indexMap, batchAxes } = numbers;
  const kept = keptAxes(x.length, numbers);
  const apart = [...indexMap, ...batchAxes].some((axis) => x[axis]);
  return Array.from({ length: rank }, (_, axis) =>
    windowAxes.includes(axis) ? x[kept[windowAxes.indexOf(axis)]] : apart,
  );
}

/**
 * scatter: an axis of x varies where x or a window of the updates varies along it, and an axis that windows are placed
 * on also where the updates differ from window to window. Where windows are placed does not count, as with padding.
 */
function scattered(x: Varies, updates: Varies, numbers: IndexNumbers): Varies {
  const { windowAxes, indexMap } = numbers;
  const apart = otherAxes(updates.length, windowAxes).some((axis) => updates[axis]);
  const kept = keptAxes(x.length, numbers);
  return x.map((varies, axis) => {
    const isKept = kept.includes(axis);
    const isPlaced = !isKept || indexMap.includes(axis);
    return varies || (isPlaced && apart) || (isKept && updates[windowAxes[kept.indexOf(axis)]]);
  });
}
