// The vector level: vectors out of numbers and memory and back. Elementwise ops compute with vectors as with tensors.

import {
  addDims,
  affineOperands,
  allocate,
  counted,
  type Dim,
  type EvalContext,
  emit,
  groupOf,
  layoutOf,
  memRefTypeOf,
  type NdArray,
  ndscalar,
  placeIn,
  printType,
  sameType,
  scalar,
  type TypeContext,
  type Value,
  type VectorType,
  vector,
} from "../../ir/index.ts";
import { defineOp, emit1 } from "../base/define.ts";
import { atLoopLevel } from "../loop/level.ts";
import { requireIndices } from "../loop/loop.ts";
import {
  combineTree,
  kinds,
  type ReduceKind,
  reduceKinds,
  requireKind,
  scalarCombination,
} from "../shape/reduce-order.ts";

const atVectorLevel = { ...atLoopLevel, level: "vector" } as const;

function requireVector(cx: TypeContext, i: number): VectorType {
  const type = cx.operands[i];
  if (type.kind === "vector") return type;
  return cx.fail("dtype", `operand ${i} has type ${printType(type)}, expected a vector`);
}

/** The one result type as written, which is a vector. */
function requireDeclaredVector(cx: TypeContext): VectorType {
  const [type, ...more] = cx.declared ?? [];
  if (type?.kind === "vector" && more.length === 0) return type;
  return cx.fail("dtype", "the result has to be written as one vector, as in vector<4xf32>");
}

function lanesOf(cx: EvalContext): number {
  return cx.shape(cx.operation.results[0].type)[0];
}

// ---- splat, ramp ----------------------------------------------------------------------------------------------------

export const splatOp = defineOp({
  name: "splat",
  summary: "One number in every lane.",
  operands: [{ name: "x" }],
  ...atVectorLevel,
  traits: { moves: true, cheap: true, brief: true },
  types(cx) {
    const type = requireDeclaredVector(cx);
    if (!sameType(cx.operands[0], scalar(type.dtype)))
      cx.fail(
        "dtype",
        `operand 0 has type ${printType(cx.operands[0])}, expected ${type.dtype} for ${printType(type)}`,
      );
    return [type];
  },
  eval(cx) {
    const [x] = cx.operands;
    const result = allocate(x.dtype, [lanesOf(cx)]);
    result.data.fill(x.data[0]);
    return [result];
  },
  docs: {
    semantics: "A vector whose lanes all hold x.",
    constraints: ["the result type is written: a vector of x's dtype"],
    example: `func @main(%x: f64) -> f64 {
  %v = splat %x : vector<4xf64>
  %s = reduce_lanes %v, kind = sum : f64
  return %s
}
// run: @main(3) == 12
`,
  },
});

/** A vector of so many lanes that all hold `x`, a number. */
export function splat(x: Value, type: VectorType): Value {
  return emit1(splatOp, [x], { types: [type], names: [x.name] });
}

export const rampOp = defineOp({
  name: "ramp",
  summary: "The index values of the lanes: a first one, and those that follow.",
  operands: [{ name: "first" }],
  attributes: { step: { kind: "integer", default: 1, summary: "the difference from one lane to the next" } },
  ...atVectorLevel,
  types(cx) {
    const type = requireDeclaredVector(cx);
    if (type.dtype !== "index" || !sameType(cx.operands[0], scalar("index"))) {
      const [from, to] = [cx.operands[0], type].map(printType);
      cx.fail("dtype", `got ${from} to ${to}, expected index to a vector of index`);
    }
    return [type];
  },
  eval(cx) {
    const [first] = cx.operands[0].data;
    const result = allocate("index", [lanesOf(cx)]);
    for (let i = 0; i < result.data.length; i++) result.data[i] = first + i * cx.attributes.step;
    return [result];
  },
  docs: {
    semantics: "first, first + step, first + 2·step, … in the lanes.",
    constraints: ["the result type is written: a vector of index"],
    example: `func @main() -> index {
  %first = dim 5 : index
  %v = ramp %first : vector<4xindex>
  %last = extract_lane %v, lane = 3 : index
  return %last
}
// run: @main() == 8
`,
  },
});

/** Index values in lanes, from one on. */
export function ramp(first: Value, lanes: number, step = 1): Value {
  return emit1(rampOp, [first], { attributes: { step }, types: [vector("index", lanes)], names: [first.name] });
}

// ---- load_lanes, store_lanes ----------------------------------------------------------------------------------------

type Subscripts = { readonly at: readonly Dim[] };

const subscripts = { at: { kind: "dims", summary: "one affine subscript per axis, of the first lane" } } as const;

/** Memory with one subscript per axis, whose last axis has the lanes, as far as that is known. */
function requireLanes(cx: TypeContext<Subscripts>, memory: TypeContext["operands"][number], type: VectorType): void {
  requireIndices(cx, "at");
  requireIndices(cx, "count");
  const counts = cx.group("count").length;
  if (counts > 1) cx.fail("arity", `got ${counted(counts, "count")}, expected at most 1`);
  if (memory.kind !== "memref") cx.fail("dtype", `the memory has type ${printType(memory)}, expected memref<…>`);
  const { dtype, shape } = memRefTypeOf(memory);
  const { at } = cx.attributes;
  if (at.length !== shape.length || shape.length === 0) {
    const got = `got ${counted(at.length, "subscript")} for ${printType(memory)}`;
    cx.fail("shape", `${got}, expected ${shape.length === 0 ? "memory with an axis" : shape.length}`);
  }
  const [lanes] = type.shape;
  if (dtype !== type.dtype)
    cx.fail(
      "dtype",
      `the vector has type ${printType(type)}, expected ${printType(vector(dtype, lanes))} for ${printType(memory)}`,
    );
  const axis = shape.length - 1;
  const stride = layoutOf(memory)?.[axis + 1] ?? 1;
  if (stride !== 1) cx.fail("shape", `the last stride of ${printType(memory)} is ${stride}, expected 1 for lanes`);
  const [first, extent] = [at[axis], shape[axis]];
  const end = addDims(typeof first === "number" ? first : 0, lanes);
  if (counts === 0 && typeof end === "number" && typeof extent === "number" && end > extent) {
    const last = typeof first === "number" ? `lanes ${first} to ${end - 1}` : `${lanes} lanes`;
    cx.fail("range", `${last} along axis ${axis} do not fit in ${printType(memory)}`, "give a count of lanes");
  }
}

/** How many lanes are in use, from the first on. */
function usedLanes(cx: EvalContext<Subscripts>, lanes: number): number {
  const [count] = cx.group("count");
  return count === undefined ? lanes : Math.max(0, Math.min(lanes, count.data[0]));
}

/** Where the first of `used` lanes along the last axis stands; out of range fails. */
function firstLane(cx: EvalContext<Subscripts>, memory: NdArray, used: number): number {
  let offset = 0;
  const last = memory.shape.length - 1;
  for (const [axis, d] of cx.attributes.at.entries()) {
    const i = cx.affine(d, "at");
    const extent = memory.shape[axis];
    const size = axis === last ? used : 1;
    if (used > 0 && !(i >= 0 && i + size <= extent)) {
      const what = size === 1 ? `subscript ${i}` : `lanes ${i} to ${i + size - 1}`;
      cx.fail("range", `${cx.operation.op.name}: ${what} on axis ${axis} outside [0, ${extent})`);
    }
    offset = offset * extent + i;
  }
  const layout = layoutOf(groupOf(cx.operation, "memory")[0].type);
  return layout === undefined || used === 0 ? offset : cx.affine(placeIn(layout, cx.attributes.at), "at");
}

export const loadLanesOp = defineOp({
  name: "load_lanes",
  summary: "Reads elements that lie side by side along the last axis of memory.",
  operands: [{ name: "memory" }, { name: "at", variadic: true }, { name: "count", variadic: true }],
  groups: ["memory", "at", "count"],
  attributes: subscripts,
  assembly: [
    { kind: "subscript", operand: 0, group: "at", lanes: true },
    { kind: "group", group: "count" },
  ],
  ...atVectorLevel,
  effects: { reads: ["memory"], fails: true },
  types(cx) {
    const type = requireDeclaredVector(cx);
    requireLanes(cx, cx.group("memory")[0], type);
    return [type];
  },
  eval(cx) {
    const [memory] = cx.group("memory");
    const result = allocate(memory.dtype, [lanesOf(cx)]);
    const used = usedLanes(cx, result.data.length);
    const first = firstLane(cx, memory, used);
    for (let i = 0; i < used; i++) result.data[i] = memory.data[first + i];
    return [result];
  },
  docs: {
    semantics:
      "Lane i is the element i places behind the subscripts, along the last axis. Where a count is given, only so many lanes from the first on are read, and the others are 0.",
    constraints: [
      "the result type is written: a vector of the memory's dtype",
      "one subscript per axis; subscripts are affine in symbols and index values",
      "there is at most one count, an index value",
      "memory with strides has 1 for the last",
    ],
    example: `func @sum(%x: memref<f64[5]>) -> f64 {
  %v = load_lanes %x[1] : vector<4xf64>
  %s = reduce_lanes %v, kind = sum : f64
  return %s
}
// run: @sum([1, 2, 3, 4, 5]) == 14
`,
  },
});

/** Reads lanes of `memory` from `memory[at…]` on; `count` of them, where it is given. */
export function loadLanes(
  memory: Value,
  at: readonly Dim[],
  type: VectorType,
  { count = null, name = null }: { readonly count?: Value | null; readonly name?: string | null } = {},
): Value {
  const { dims, operands } = affineOperands(at);
  const counts = count === null ? [] : [count];
  return emit1(loadLanesOp, [memory, ...operands, ...counts], {
    attributes: { at: dims },
    segments: [1, operands.length, counts.length],
    types: [type],
    names: [name],
  });
}

export const storeLanesOp = defineOp({
  name: "store_lanes",
  summary: "Writes elements that lie side by side along the last axis of memory.",
  operands: [{ name: "value" }, { name: "memory" }, { name: "at", variadic: true }, { name: "count", variadic: true }],
  groups: ["value", "memory", "at", "count"],
  attributes: subscripts,
  assembly: [
    { kind: "operand", operand: 0 },
    { kind: "subscript", operand: 1, group: "at", lanes: true },
    { kind: "group", group: "count" },
  ],
  ...atVectorLevel,
  effects: { writes: ["memory"], fails: true },
  types(cx) {
    requireLanes(cx, cx.group("memory")[0], requireVector(cx, 0));
    return [];
  },
  eval(cx) {
    const [value, memory] = cx.operands;
    const used = usedLanes(cx, value.data.length);
    const first = firstLane(cx, memory, used);
    for (let i = 0; i < used; i++) memory.data[first + i] = value.data[i];
    return [];
  },
  docs: {
    semantics:
      "Sets the element i places behind the subscripts, along the last axis, to lane i. Where a count is given, only so many lanes from the first on are written.",
    constraints: ["the vector has the memory's dtype", "one affine subscript per axis", "there is at most one count"],
    example: `func @last(%x: inout memref<f64[5]>, %v: f64) -> f64 {
  %three = dim 3 : index
  %lanes = splat %v : vector<4xf64>
  store_lanes %lanes, %x[2] count(%three)
  %x_4 = load %x[4] : f64
  return %x_4
}
// run: @last([1, 2, 3, 4, 5], 7) == 7
`,
  },
});

/** Writes lanes to `memory[at…]` and the elements behind it; `count` of them, where it is given. */
export function storeLanes(value: Value, memory: Value, at: readonly Dim[], count: Value | null = null): void {
  const { dims, operands } = affineOperands(at);
  const counts = count === null ? [] : [count];
  emit(storeLanesOp, [value, memory, ...operands, ...counts], {
    attributes: { at: dims },
    segments: [1, 1, operands.length, counts.length],
  });
}

// ---- reduce_lanes, extract_lane -------------------------------------------------------------------------------------

export const reduceLanesOp = defineOp({
  name: "reduce_lanes",
  summary: "Combines the lanes of a vector.",
  operands: [{ name: "x" }],
  attributes: { kind: { kind: "word", words: reduceKinds, summary: "how lanes combine" } },
  ...atVectorLevel,
  types(cx) {
    const { dtype } = requireVector(cx, 0);
    requireKind(cx, dtype);
    return [scalar(dtype)];
  },
  eval(cx) {
    const [{ dtype, data }] = cx.operands;
    const combine = scalarCombination(kinds[cx.attributes.kind].record, dtype);
    return [ndscalar(dtype, combineTree([...data], combine))];
  },
  docs: {
    semantics:
      "Combines the lanes in halves, and rounds at every step: of 16 lanes, lane j with lane j+8, then j+4, j+2 and j+1, as `reduce` combines its accumulators. Lanes that would stand behind the last take no part.",
    constraints: ["sum, prod, max and min take numbers, and and or take bool"],
    example: `func @main(%x: memref<f64[4]>) -> f64 {
  %v = load_lanes %x[0] : vector<4xf64>
  %most = reduce_lanes %v, kind = max : f64
  return %most
}
// run: @main([1, 4, 2, 3]) == 4
`,
  },
});

/** Numbers combined as the lanes of a vector are. */
export function lanesInHalves(numbers: readonly Value[], kind: ReduceKind): Value {
  return combineTree(numbers, kinds[kind].combine);
}

/** The lanes of a vector, combined in halves. */
export function reduceLanes(x: Value, kind: ReduceKind): Value {
  return emit1(reduceLanesOp, [x], { attributes: { kind } });
}

export const extractLaneOp = defineOp({
  name: "extract_lane",
  summary: "The number in one lane of a vector.",
  operands: [{ name: "x" }],
  attributes: { lane: { kind: "integer", summary: "the lane, from 0 on" } },
  ...atVectorLevel,
  traits: { moves: true, cheap: true, brief: true },
  types(cx) {
    const type = requireVector(cx, 0);
    const { lane } = cx.attributes;
    if (!(lane >= 0 && lane < type.shape[0]))
      cx.fail("range", `lane ${lane} is none of ${printType(type)}, expected 0 to ${type.shape[0] - 1}`);
    return [scalar(type.dtype)];
  },
  eval(cx) {
    const [{ dtype, data }] = cx.operands;
    return [ndscalar(dtype, data[cx.attributes.lane])];
  },
  docs: {
    semantics: "The number in the lane.",
    constraints: ["the lane is one of x"],
    example: `func @second(%x: memref<f64[4]>) -> f64 {
  %v = load_lanes %x[0] : vector<4xf64>
  %second = extract_lane %v, lane = 1 : f64
  return %second
}
// run: @second([5, 6, 7, 8]) == 6
`,
  },
});

/** The number in a lane. */
export function extractLane(x: Value, lane: number): Value {
  return emit1(extractLaneOp, [x], { attributes: { lane } });
}
