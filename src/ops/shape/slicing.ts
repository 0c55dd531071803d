// Boxes of elements: slice takes one out, pad puts one into a larger one; each is the other's transpose.

import {
  type AttributesOf,
  addDims,
  allocate,
  type BatchContext,
  counted,
  type Dim,
  type EvalContext,
  floorDim,
  type LowerContext,
  maxDims,
  minDims,
  mulDims,
  type NdArray,
  type Operation,
  type Part,
  printShape,
  scalar,
  shapeOf,
  subDims,
  type TypeContext,
  tensorType,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";
import { gather, offsetsOf, stridesOf } from "../base/arrays.ts";
import { constant, indexValue } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, rankedOperand, requireTensor, tensorOf } from "../base/define.ts";
import { compare, type Direction } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { zeros } from "../base/zeros.ts";
import { ifElse } from "../control/control.ts";
import { and } from "../scalar/bits.ts";
import { asOperand } from "../varying.ts";
import { broadcast, reduceSum, withBatchAxis } from "./reduce.ts";

// ---- slice ----------------------------------------------------------------------------------------------------------

/** Where a box begins, where it stops before, and the distance between the elements taken, axis by axis. */
export interface Box {
  readonly start: readonly Dim[];
  readonly limit: readonly Dim[];
  /** All 1 where left out or empty. */
  readonly strides?: readonly number[];
}

const sliceAttributes = {
  start: { kind: "dims", summary: "the first subscript taken, axis by axis" },
  limit: { kind: "dims", summary: "the subscript that each axis stops before" },
  strides: {
    kind: "integers",
    holds: "entries",
    default: [],
    summary: "the distance between elements taken; none stands for all 1",
  },
} as const;

type SliceAttributes = AttributesOf<typeof sliceAttributes>;

export const sliceOp = defineOp({
  name: "slice",
  summary: "A box of elements, every so many along each axis.",
  operands: [{ name: "x" }],
  attributes: sliceAttributes,
  traits: { moves: true },
  types(x) {
    requireTensor(x, 0);
    const { start, limit, strides } = x.attributes;
    for (const s of strides) if (s < 1) x.fail("attribute", `strides has ${s}, expected at least 1`);
    const operand = rankedOperand(x, 0);
    if (operand === null) return [x.operands[0]];
    const { shape } = operand;
    requirePerAxis(x, { start, limit }, shape);
    if (strides.length > 0) requirePerAxis(x, { strides }, shape);
    return [
      tensorType(
        operand.dtype,
        shape.map((extent, axis) => sliceExtent(x, extent, axis)),
      ),
    ];
  },
  eval(x) {
    const { start, strides } = boxOf(x.operation);
    const [source] = x.operands;
    const own = stridesOf(source.shape);
    const base = own.reduce((sum, stride, axis) => sum + stride * x.dim(start[axis]), 0);
    const steps = own.map((stride, axis) => stride * strides[axis]);
    return [gather(source, x.shape(x.operation.results[0].type), steps, base)];
  },
  varies: asOperand,
  derivative: {
    kind: "linear",
    transpose: ({ operation, operands: [x], cotangent }) => [unslice(operation, x, cotangent)],
  },
  batching: {
    kind: "rule",
    batch({ operation, operands: [x], size }) {
      const { start, limit, strides } = boxOf(operation);
      return [slice(x, { start: [0, ...start], limit: [size, ...limit], strides: [1, ...strides] })];
    },
    behind: {
      takes: () => true,
      batch({ operation, operands: [x], size }) {
        const { start, limit, strides } = boxOf(operation);
        return [slice(x, { start: [...start, 0], limit: [...limit, size], strides: [...strides, 1] })];
      },
    },
  },
  lowering: {
    kind: "element",
    element(x, at) {
      const { start, strides } = boxOf(x.operation);
      return x.element(
        0,
        at.map((d, axis) => addDims(start[axis], mulDims(strides[axis], d))),
      );
    },
  },
  docs: {
    semantics:
      "Element i of the result along an axis is element start + i · stride of x; the extent is ⌈(limit - start) / stride⌉.",
    constraints: [
      "0 <= start <= limit <= extent on every axis; where sizes are open, this is checked when they are known",
      "strides are at least 1",
    ],
    example: `func @main(%x: f64[2, 5]) -> f64[1, 2] {
  %s = slice %x, start = [1, 0], limit = [2, 4], strides = [1, 3] : f64[1, 2]
  return %s
}
// run: @main([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]) == [[6, 9]]
`,
  },
});

/** One entry per axis in each of the lists. */
export function requirePerAxis(
  cx: TypeContext,
  lists: Readonly<Record<string, readonly unknown[]>>,
  shape: readonly Dim[],
): void {
  for (const [name, list] of Object.entries(lists)) {
    if (list.length === shape.length) continue;
    cx.fail(
      "shape",
      `${name} has ${counted(list.length, "entry")}, expected ${shape.length}, one per axis of ${printShape(shape)}`,
    );
  }
}

function sliceExtent(cx: TypeContext<SliceAttributes>, extent: Dim, axis: number): Dim {
  const { start, limit, strides } = cx.attributes;
  cx.atLeast(start[axis], 0, `start on axis ${axis}`);
  cx.atLeast(limit[axis], start[axis], `limit on axis ${axis}`);
  cx.atLeast(extent, limit[axis], `the extent of axis ${axis}`);
  const stride = strides[axis] ?? 1;
  return floorDim(addDims(subDims(limit[axis], start[axis]), stride - 1), stride);
}

/** A slice's attributes with the strides written out. */
function boxOf({ attributes }: Operation<SliceAttributes>): Required<Box> {
  const { start, limit, strides } = attributes;
  return { start, limit, strides: strides.length > 0 ? strides : start.map(() => 1) };
}

/** The cotangent at the places the slice took, zero everywhere else. */
function unslice(operation: Operation<SliceAttributes>, x: Value, cotangent: Value): Value {
  const { start, strides } = boxOf(operation);
  const taken = shapeOf(cotangent);
  const interior = strides.map((s) => s - 1);
  const high = shapeOf(x).map((extent, axis) =>
    subDims(subDims(extent, start[axis]), dilated(taken[axis], interior[axis])),
  );
  return pad(cotangent, { low: start, high, interior });
}

/** The elements of `x` in a box. */
export function slice(x: Value, { start, limit, strides = [] }: Box): Value {
  return emit1(sliceOp, [x], { attributes: { start, limit, strides: strides.every((s) => s === 1) ? [] : strides } });
}

// ---- pad ------------------------------------------------------------------------------------------------------------

/** What is put around and between the elements, axis by axis. */
export interface Padding {
  /** Elements before the first; negative: so many are cut off. */
  readonly low: readonly Dim[];
  /** Elements behind the last; negative: so many are cut off. */
  readonly high: readonly Dim[];
  /** Elements between any two; all 0 where left out or empty. */
  readonly interior?: readonly number[];
}

const padAttributes = {
  low: { kind: "dims", summary: "how many values stand before each axis; negative: how many elements are cut off" },
  high: { kind: "dims", summary: "how many values stand behind each axis; negative: how many elements are cut off" },
  interior: {
    kind: "integers",
    holds: "entries",
    default: [],
    summary: "how many values stand between two neighbours; none stands for all 0",
  },
} as const;

type PadAttributes = AttributesOf<typeof padAttributes>;

export const padOp = defineOp({
  name: "pad",
  summary: "Puts a value around and between elements, or cuts elements off.",
  operands: [{ name: "x" }, { name: "value" }],
  attributes: padAttributes,
  traits: { moves: true },
  types(x) {
    requireValue(x);
    const { low, high, interior } = x.attributes;
    for (const n of interior) if (n < 0) x.fail("attribute", `interior has ${n}, expected at least 0`);
    const operand = rankedOperand(x, 0);
    if (operand === null) return [x.operands[0]];
    const { shape } = operand;
    requirePerAxis(x, { low, high }, shape);
    if (interior.length > 0) requirePerAxis(x, { interior }, shape);
    const padded = shape.map((n, axis) => addDims(addDims(low[axis], dilated(n, interior[axis] ?? 0)), high[axis]));
    for (const [axis, extent] of padded.entries()) x.atLeast(extent, 0, `the padded extent of axis ${axis}`);
    return [tensorType(operand.dtype, padded)];
  },
  eval: (x) => [evalPad(x)],
  varies: asOperand,
  derivative: {
    kind: "linear",
    transpose: ({ operation, operands: [x], cotangent, wanted }) => [
      wanted[0] ? unpad(operation, x, cotangent) : null,
      wanted[1] ? sumOfPadding(operation, x, cotangent) : null,
    ],
  },
  batching: {
    kind: "rule",
    batch: batchPad,
    behind: {
      takes: (_, operand) => operand === 0,
      batch({ operation, operands: [x, value] }) {
        const { low, high, interior } = operation.attributes;
        const between = interior.length === 0 ? [] : [...interior, 0];
        return [pad(x, { low: [...low, 0], high: [...high, 0], interior: between }, value)];
      },
    },
  },
  lowering: { kind: "element", element: elementOfPad, pieces: piecesOfPad },
  docs: {
    semantics:
      "Element i of x along an axis becomes element low + i · (interior + 1), where that is within the result; every other element is the value. The extent is low + n + max(n - 1, 0) · interior + high.",
    constraints: ["value has rank 0 and the dtype of x", "interior is at least 0", "no extent becomes negative"],
    example: `func @main(%x: f64[3], %v: f64) -> (f64[6], f64[2]) {
  %p = pad %x, %v, low = [1], high = [0], interior = [1] : f64[6]
  %c = pad %x, %v, low = [-2], high = [1] : f64[2]
  return %p, %c
}
// run: @main([1, 2, 3], 0) == ([0, 1, 0, 2, 0, 3], [3, 0])
`,
  },
});

function requireValue(cx: TypeContext): void {
  const dtype = dtypeOf(requireTensor(cx, 0));
  const value = rankedOperand(cx, 1);
  if (dtypeOf(cx.operands[1]) !== dtype) {
    cx.fail(
      "dtype",
      `the value has dtype ${dtypeOf(cx.operands[1])}, expected ${dtype} as operand 0`,
      "cast one of them",
    );
  }
  if (value !== null && value.shape.length > 0) {
    cx.fail("shape", `the value has shape ${printShape(value.shape)}, expected rank 0`);
  }
}

/** A padding with what stands between elements written out. */
function paddingOf({ attributes }: Operation<PadAttributes>): Required<Padding> {
  const { low, high, interior } = attributes;
  return { low, high, interior: interior.length > 0 ? interior : low.map(() => 0) };
}

/** The extent of n elements with `interior` others between neighbours. */
export function dilated(n: Dim, interior: number): Dim {
  if (interior === 0 || n === 0) return n;
  const extent = addDims(mulDims(subDims(n, 1), interior + 1), 1);
  return typeof extent === "number" ? extent : maxDims(0, extent);
}

/** `x` with `value` (zero where left out) around and between its elements; `x` itself where nothing changes. */
export function pad(x: Value, { low, high, interior = [] }: Padding, value?: Value): Value {
  const isDense = interior.every((n) => n === 0);
  if (isDense && [...low, ...high].every((n) => n === 0)) return x;
  const filling = value ?? zeros(scalar(tensorOf(x).dtype));
  return emit1(padOp, [x, filling], { attributes: { low, high, interior: isDense ? [] : interior } });
}

/** The elements of x that stand in the result along one axis: the first of them, and how many (below 0: none). */
function kept(n: Dim, low: Dim, high: Dim, interior: number): { readonly first: Dim; readonly count: Dim } {
  const step = interior + 1;
  const isWhole = (d: Dim): boolean => typeof d === "number" && d >= 0;
  const first = isWhole(low) ? 0 : maxDims(0, floorDim(subDims(step - 1, low), step));
  const last = floorDim(subDims(addDims(dilated(n, interior), high), 1), step);
  return { first, count: subDims(isWhole(high) ? n : minDims(n, addDims(last, 1)), first) };
}

function evalPad(cx: EvalContext<PadAttributes>): NdArray {
  const { low, high, interior } = paddingOf(cx.operation);
  const [source, value] = cx.operands;
  const result = allocate(source.dtype, cx.shape(cx.operation.results[0].type));
  result.data.fill(value.data[0]);
  const ranges = source.shape.map((n, a) => kept(n, cx.dim(low[a]), cx.dim(high[a]), interior[a]));
  const counts = ranges.map(({ count }) => Math.max(0, cx.dim(count)));
  const [from, to] = [stridesOf(source.shape), stridesOf(result.shape)];
  let [base, target] = [0, 0];
  for (const [a, { first }] of ranges.entries()) {
    base += cx.dim(first) * from[a];
    target += (cx.dim(low[a]) + cx.dim(first) * (interior[a] + 1)) * to[a];
  }
  const reads = offsetsOf(counts, from);
  const writes = offsetsOf(
    counts,
    to.map((stride, a) => stride * (interior[a] + 1)),
  );
  for (let i = 0; i < reads.length; i++) result.data[target + writes[i]] = source.data[base + reads[i]];
  return result;
}

/** The cotangent where elements of x came to stand; zero for those that were cut off. */
function unpad(operation: Operation<PadAttributes>, x: Value, cotangent: Value): Value {
  const { low, high, interior } = paddingOf(operation);
  const { shape } = tensorOf(x);
  // up to the same distance behind the last element as between two, so that n elements are n · step long
  const back = shape.map((n, a) => subDims(subDims(mulDims(n, interior[a] + 1), dilated(n, interior[a])), high[a]));
  const cut = pad(cotangent, { low: low.map((d) => mulDims(-1, d)), high: back });
  return slice(cut, { start: shape.map(() => 0), limit: shapeOf(cut), strides: interior.map((n) => n + 1) });
}

/** The sum of the cotangent wherever the value came to stand. */
function sumOfPadding(operation: Operation<PadAttributes>, x: Value, cotangent: Value): Value {
  const type = tensorOf(cotangent);
  const own = constant(true, tensorType("bool", tensorOf(x).shape));
  const isOwn = pad(own, paddingOf(operation));
  const padding = select(isOwn, zeros(type), cotangent);
  return reduceSum(
    padding,
    type.shape.map((_, axis) => axis),
  );
}

function batchPad({ operation, operands: [x, value], batched, size }: BatchContext<PadAttributes>): readonly Value[] {
  const { low, high, interior } = paddingOf(operation);
  const wider = { low: [0, ...low], high: [0, ...high], interior: [0, ...interior] };
  if (!batched[1]) return [pad(x, wider, value)];
  const { dtype, shape } = tensorTypeOf(operation.operands[0].type);
  const isOwn = pad(constant(true, tensorType("bool", [size, ...shape])), wider);
  const padded = pad(withBatchAxis(x, batched[0], size), wider, zeros(scalar(dtype)));
  return [select(isOwn, padded, broadcast(value, shapeOf(padded), [0]))];
}

// ---- lowering of pad ------------------------------------------------------------------------------------------------

/** The element of x where the subscript is one of its places, else the value; x is never read out of range. */
function elementOfPad(cx: LowerContext<PadAttributes>, at: readonly Dim[]): Value {
  const { low, high, interior } = paddingOf(cx.operation);
  const { shape } = tensorOf(cx.operation.operands[0]);
  const conditions: Value[] = [];
  const source = at.map((d, a) => {
    const from = subDims(d, low[a]);
    const own = interior[a] === 0 ? from : floorDim(from, interior[a] + 1);
    if (!isAtMost(low[a], 0)) conditions.push(compareDims(d, low[a], "ge"));
    if (!isAtMost(high[a], 0)) conditions.push(compareDims(own, shape[a], "lt"));
    if (interior[a] > 0) conditions.push(compareDims(from, mulDims(own, interior[a] + 1), "eq"));
    return own;
  });
  if (conditions.length === 0) return cx.element(0, source);
  return ifElse(
    conditions.reduce(and),
    () => [cx.element(0, source)],
    () => [cx.element(1, [])],
  )[0];
}

function isAtMost(d: Dim, limit: number): boolean {
  return typeof d === "number" && d <= limit;
}

function compareDims(a: Dim, b: Dim, direction: Direction): Value {
  return compare(indexValue(a), indexValue(b), direction);
}

/** The value everywhere, then the elements of x over it. */
function piecesOfPad(operation: Operation<PadAttributes>): readonly Part[] {
  const { low, high, interior } = paddingOf(operation);
  const ranges = shapeOf(operation.operands[0]).map((n, a) => kept(n, low[a], high[a], interior[a]));
  return [
    {
      shape: shapeOf(operation.results[0]),
      position: (at) => at,
      element: (x) => x.element(1, []),
    },
    {
      shape: ranges.map(({ count }) => count),
      position: (at) => at.map((d, a) => addDims(low[a], mulDims(interior[a] + 1, addDims(d, ranges[a].first)))),
      element: (x, at) =>
        x.element(
          0,
          at.map((d, a) => addDims(d, ranges[a].first)),
        ),
    },
  ];
}
