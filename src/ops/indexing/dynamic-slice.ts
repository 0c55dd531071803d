// The ops dynamic_slice and dynamic_update_slice: reading and replacing a box of elements whose start is known only
// when it runs. A start out of range is clamped.

import {
  type AttributesOf,
  addDims,
  allocate,
  type BatchContext,
  type Contribution,
  counted,
  type Dim,
  type EvalContext,
  indexDim,
  isScalar,
  type LowerContext,
  type NdArray,
  printShape,
  printType,
  scalar,
  shapeOf,
  type TransposeContext,
  type TypeContext,
  tensorType,
  type UpdateContext,
  type Value,
} from "../../ir/index.ts";
import { offsetsOf, stridesOf } from "../base/arrays.ts";
import { constant } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, rankedOperand, requireTensor, tensorOf } from "../base/define.ts";
import { zerosLike } from "../base/zeros.ts";
import { placed, requireIndexType, subscript } from "../loop/subscript.ts";
import { add } from "../scalar/arithmetic.ts";
import { concatenate } from "../shape/concatenate.ts";
import { broadcast, withAxisBehind, withBatchAxis } from "../shape/reduce.ts";
import { requirePerAxis } from "../shape/slicing.ts";
import { reshape } from "../structural/structural.ts";
import { asOperand, inAnyOfItsRank } from "../varying.ts";
import { gather, scatter } from "./gather.ts";

// ---- dynamic_slice --------------------------------------------------------------------------------------------------

const dynamicSliceAttributes = { sizes: { kind: "dims", summary: "the extents of the box" } } as const;

type DynamicSliceAttributes = AttributesOf<typeof dynamicSliceAttributes>;

export const dynamicSliceOp = defineOp({
  name: "dynamic_slice",
  summary: "A box of elements of a given size, from where scalars say.",
  operands: [{ name: "x" }, { name: "starts", variadic: true }],
  attributes: dynamicSliceAttributes,
  types(x) {
    const dtype = dtypeOf(requireTensor(x, 0));
    const operand = rankedOperand(x, 0);
    if (operand === null) return [x.operands[0]];
    const sizes = x.attributes.sizes;
    requireStarts(x, 1, operand.shape);
    requirePerAxis(x, { sizes }, operand.shape);
    requireFit(x, sizes, operand.shape);
    return [tensorType(dtype, sizes)];
  },
  eval: (x) => [evalDynamicSlice(x)],
  varies: asOperand,
  derivative: {
    kind: "linear",
    in: [0],
    transpose: (x) => [addBack(x), ...x.operands.slice(1).map(() => null)],
  },
  batching: {
    kind: "rule",
    batch: batchDynamicSlice,
    behind: {
      takes: (_, operand) => operand === 0,
      batch: ({ operation, operands: [x, ...starts], size }) => [
        dynamicSlice(x, [...starts, start(0)], [...operation.attributes.sizes, size]),
      ],
    },
  },
  lowering: { kind: "element", element: elementOfDynamicSlice },
  docs: {
    semantics:
      "The result is a box of x. Element i of it along an axis is element start + i of x. A start for which the box would not lie within x is moved to the nearest one for which it does, which is from 0 to extent - size.",
    constraints: ["one start for each axis of x, a scalar of an integer dtype", "0 <= size <= extent on every axis"],
    example: `func @window(%x: f64[5], %i: i32) -> f64[2] {
  %s = dynamic_slice %x, %i, sizes = [2] : f64[2]
  return %s
}
// run: @window([1, 2, 3, 4, 5], 1) == [2, 3]
// run: @window([1, 2, 3, 4, 5], 9) == [4, 5]
`,
  },
});

/** Requires the operands behind the first `from` to be one index scalar for each axis. */
function requireStarts(cx: TypeContext, from: number, shape: readonly Dim[]): void {
  const count = cx.operands.length - from;
  if (count !== shape.length) {
    cx.fail("arity", `got ${counted(count, "start")}, expected ${shape.length}, one per axis of ${printShape(shape)}`);
  }
  for (let i = from; i < cx.operands.length; i++) {
    const what = `the start on axis ${i - from}`;
    if (!isScalar(cx.operands[i])) cx.fail("shape", `${what} has type ${printType(cx.operands[i])}, expected rank 0`);
    requireIndexType(cx, i, what);
  }
}

function requireFit(cx: TypeContext, sizes: readonly Dim[], shape: readonly Dim[]): void {
  for (const [axis, size] of sizes.entries()) {
    cx.atLeast(size, 0, `the size on axis ${axis}`);
    cx.atLeast(shape[axis], size, `the extent of axis ${axis}, from which the box is taken,`);
  }
}

/** The offsets in `source` of the elements of a box of these sizes; operands from `from` on are its starts, clamped. */
function boxOffsets(cx: EvalContext, source: NdArray, sizes: readonly number[], from: number): Float64Array {
  const strides = stridesOf(source.shape);
  const offsets = offsetsOf(sizes, strides);
  let base = 0;
  for (const [axis, stride] of strides.entries()) {
    const range = { axis, extent: source.shape[axis], size: sizes[axis] };
    base += (placed(cx, cx.operands[from + axis].data[0], range, "clamp") ?? 0) * stride;
  }
  return offsets.map((offset) => base + offset);
}

function evalDynamicSlice(cx: EvalContext): NdArray {
  const [source] = cx.operands;
  const shape = cx.shape(cx.operation.results[0].type);
  const result = allocate(source.dtype, shape);
  for (const [i, offset] of boxOffsets(cx, source, shape, 1).entries()) result.data[i] = source.data[offset];
  return result;
}

/** The transpose: adds the cotangent to the box that was read, and touches nothing else of what was gathered. */
function addBack({ operands: [, ...starts], cotangent }: TransposeContext): Contribution {
  return {
    kind: "increment",
    addTo(gathered: Value): Value {
      const before = dynamicSlice(gathered, starts, shapeOf(cotangent));
      return dynamicUpdateSlice(gathered, add(before, cotangent), starts);
    },
  };
}

/** Translates a subscript in the box to one in operand 0; `from` is the number of operands in front of the starts. */
function placeOf(cx: LowerContext, at: readonly Dim[], sizes: readonly Dim[], from: number): readonly Dim[] {
  const { shape } = tensorOf(cx.operation.operands[0]);
  return at.map((d, axis) => {
    if (sizes[axis] === shape[axis]) return d;
    const range = { axis, extent: shape[axis], size: sizes[axis] };
    return addDims(indexDim(subscript(cx.element(from + axis, []), cx.operation, range, "clamp")), d);
  });
}

function elementOfDynamicSlice(cx: LowerContext<DynamicSliceAttributes>, at: readonly Dim[]): Value {
  return cx.element(0, placeOf(cx, at, cx.operation.attributes.sizes, 1));
}

// ---- dynamic_update_slice -------------------------------------------------------------------------------------------

export const dynamicUpdateSliceOp = defineOp({
  name: "dynamic_update_slice",
  summary: "A tensor with a box of elements replaced, where scalars say.",
  operands: [{ name: "x" }, { name: "update" }, { name: "starts", variadic: true }],
  types(x) {
    const dtype = dtypeOf(requireTensor(x, 0));
    const other = dtypeOf(requireTensor(x, 1));
    if (other !== dtype) {
      x.fail("dtype", `the update has dtype ${other}, expected ${dtype} as operand 0`, "cast one of them");
    }
    const [operand, update] = [rankedOperand(x, 0), rankedOperand(x, 1)];
    if (operand === null || update === null) return [operand ?? x.operands[0]];
    requireStarts(x, 2, operand.shape);
    requirePerAxis(x, { "the update's shape": update.shape }, operand.shape);
    requireFit(x, update.shape, operand.shape);
    return [operand];
  },
  eval: (x) => [evalDynamicUpdateSlice(x)],
  varies: inAnyOfItsRank,
  derivative: {
    kind: "linear",
    in: [0, 1],
    transpose({ operands: [, update, ...starts], cotangent, wanted }) {
      // emit the read of the box before the write that overwrites it, so that the write can be in place
      const taken = wanted[1] ? dynamicSlice(cotangent, starts, shapeOf(update)) : null;
      const left = wanted[0] ? dynamicUpdateSlice(cotangent, zerosLike(update), starts) : null;
      return [left, taken, ...starts.map(() => null)];
    },
  },
  batching: {
    kind: "rule",
    batch: batchDynamicUpdateSlice,
    behind: {
      takes: (_, operand) => operand < 2,
      batch({ operands: [x, update, ...starts], batched: [ofX, ofUpdate], size }) {
        const updates = withAxisBehind(update, ofUpdate, size);
        return [dynamicUpdateSlice(withAxisBehind(x, ofX, size), updates, [...starts, start(0)])];
      },
    },
  },
  lowering: { kind: "update", update: updateOfDynamicUpdateSlice },
  docs: {
    semantics:
      "The result is x, in which the update replaces a box: element start + i along every axis is element i of the update. A start for which the box would not lie within x is moved to the nearest one for which it does, which is from 0 to extent - size.",
    constraints: [
      "one start for each axis of x, a scalar of an integer dtype",
      "the update has the dtype and rank of x, and at most its extents",
    ],
    example: `func @put(%x: f64[4], %u: f64[2], %i: i32) -> f64[4] {
  %s = dynamic_update_slice %x, %u, %i : f64[4]
  return %s
}
// run: @put([1, 2, 3, 4], [8, 9], 1) == [1, 8, 9, 4]
// run: @put([1, 2, 3, 4], [8, 9], 9) == [1, 2, 8, 9]
`,
  },
});

function evalDynamicUpdateSlice(cx: EvalContext): NdArray {
  const [source, update] = cx.operands;
  const result = { ...source, data: source.data.slice() };
  for (const [i, offset] of boxOffsets(cx, source, update.shape, 2).entries()) result.data[offset] = update.data[i];
  return result;
}

function updateOfDynamicUpdateSlice(cx: UpdateContext): void {
  const { shape } = tensorOf(cx.operation.operands[1]);
  cx.nest(shape, (at) => cx.write(cx.element(1, at), placeOf(cx, at, shape, 2)));
}

// ---- batching -------------------------------------------------------------------------------------------------------

/** The starts of a batch as a matrix: one row, a vector of starts, for each element of the batch. */
function vectors(starts: readonly Value[], batched: readonly boolean[], size: Dim): Value {
  const columns = starts.map((v, i) => (batched[i] ? reshape(v, [size, 1]) : broadcast(v, [size, 1])));
  return concatenate(columns, 1);
}

/** The dimension numbers of a gather or scatter where each element of a batch has its own start on every axis. */
function windowNumbers(rank: number, isBatched: boolean) {
  const own = Array.from({ length: rank }, (_, axis) => axis + Number(isBatched));
  const window = own.map((_, axis) => axis + 1);
  const batch = isBatched ? [0] : [];
  return {
    window,
    numbers: { batchAxes: batch, indexBatchAxes: batch, indexMap: own, indexAxis: 1, mode: "clamp" } as const,
  };
}

function batchDynamicSlice({
  operation,
  operands,
  batched,
  size,
}: BatchContext<DynamicSliceAttributes>): readonly Value[] {
  const [x, ...starts] = operands;
  const sizes = operation.attributes.sizes;
  const [isBatched, ...moving] = batched;
  if (!moving.includes(true)) return [dynamicSlice(x, [start(0), ...starts], [size, ...sizes])];
  const { window, numbers } = windowNumbers(sizes.length, isBatched);
  const indices = vectors(starts, moving, size);
  const leading = isBatched ? [1] : [];
  return [gather(x, indices, { ...numbers, offsetAxes: window, collapsedAxes: [], sizes: [...leading, ...sizes] })];
}

function batchDynamicUpdateSlice({ operands, batched, size }: BatchContext): readonly Value[] {
  const [x, update, ...starts] = operands;
  const [ofX, ofUpdate, ...moving] = batched;
  const all = withBatchAxis(x, ofX, size);
  const updates = withBatchAxis(update, ofUpdate, size);
  if (!moving.includes(true)) return [dynamicUpdateSlice(all, updates, [start(0), ...starts])];
  const { window, numbers } = windowNumbers(starts.length, true);
  const indices = vectors(starts, moving, size);
  return [
    scatter(all, indices, updates, { ...numbers, updateAxes: window, insertedAxes: [], kind: "set", unique: true }),
  ];
}

function start(value: number): Value {
  return constant(value, scalar("i32"));
}

// ---- the strict functions -------------------------------------------------------------------------------------------

/** Emits the box of `x` of extents `sizes` that begins at `starts`, one integer scalar per axis, clamped into `x`. */
export function dynamicSlice(x: Value, starts: readonly Value[], sizes: readonly Dim[]): Value {
  return emit1(dynamicSliceOp, [x, ...starts], { attributes: { sizes } });
}

/** Emits `x` with `update` in the box that begins at `starts`, one integer scalar per axis, clamped into `x`. */
export function dynamicUpdateSlice(x: Value, update: Value, starts: readonly Value[]): Value {
  return emit1(dynamicUpdateSliceOp, [x, update, ...starts]);
}
