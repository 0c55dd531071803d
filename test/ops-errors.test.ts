// What the ops refuse, in the words a user reads: where, what was got, what was expected, what to do.

import { describe, expect, it } from "vitest";
import {
  type Attributes,
  axisPairs,
  BlockBuilder,
  Dense,
  type ErrorCode,
  emit,
  memref,
  type Op,
  scalar,
  symbol,
  type Type,
  tensorType,
  unranked,
  type Value,
  withBuilder,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { records } from "../src/ops/index.ts";
import { nd } from "./backends.ts";
import { errorOf } from "./support/errors.ts";

const f32 = (...shape: number[]): Type => tensorType("f32", shape);
const f64 = (...shape: number[]): Type => tensorType("f64", shape);
const i32 = (...shape: number[]): Type => tensorType("i32", shape);
const bool = (...shape: number[]): Type => tensorType("bool", shape);

function refusal(types: readonly Type[], body: (...x: Value[]) => unknown): readonly [ErrorCode, string] {
  const builder = new BlockBuilder();
  const args = types.map((t) => builder.argument(t));
  const { code, message } = errorOf(() => withBuilder(builder, () => body(...args)));
  return [code, message];
}

const raw =
  (op: Op, attributes: Attributes = {}, types: readonly Type[] | null = null) =>
  (...x: Value[]): unknown =>
    emit(op, x, { attributes, types });

type Row = readonly [types: readonly Type[], body: (...x: Value[]) => unknown, code: ErrorCode, message: string];

const elements: ops.GatherNumbers = { offsetAxes: [], collapsedAxes: [0], indexMap: [0], indexAxis: 1, sizes: [1] };
const changes: ops.ScatterNumbers = { updateAxes: [], insertedAxes: [0], indexMap: [0], indexAxis: 1, kind: "add" };

// biome-ignore format: a table one can see
const rows: readonly Row[] = [
  [[f64(2, 3)], (x) => ops.cholesky(x), "shape", "cholesky: axis 1 of operand 0, which has square matrices, is 3, expected 2"],
  [[f64(3)], (x) => ops.lu(x), "shape", "lu: operand 0 has shape [3], expected matrices in its last two axes"],
  [[i32(2, 2)], (x) => ops.lu(x), "dtype", "lu: operand 0 has dtype i32, expected f32 or f64: cast it"],
  [[f64(2, 2), f32(2, 1)], (a, b) => ops.triangularSolve(a, b), "dtype", "triangular_solve: operand 1 has dtype f32, expected f64 as operand 0: cast one of them"],
  [[f64(2, 2), f64(2)], (a, b) => ops.triangularSolve(a, b), "shape", "triangular_solve: operand 1 has shape [2], expected rank 2 as operand 0"],
  [[f64(2, 2), f64(3, 1)], (a, b) => ops.triangularSolve(a, b), "shape", "triangular_solve: axis 0 of operand 1 is 3, expected 2"],
  [[f64(4, 2, 2), f64(3, 2, 1)], (a, b) => ops.triangularSolve(a, b), "shape", "triangular_solve: axis 0 of operand 1 is 3, expected 4"],
  [[bool(2)], (x) => ops.sort([x], { axis: 0 }), "dtype", "sort: the keys have dtype bool, expected numbers: cast them"],
  [[f64(2)], (x) => ops.sort([x], { axis: 1 }), "axis", "sort: axis names axis 1, expected 0 to 0"],
  [[f64()], (x) => ops.sort([x], { axis: 0 }), "axis", "sort: axis names axis 0, expected none, at rank 0"],
  [[f64(2, 3), i32(2)], (...x) => ops.sort(x, { axis: 0 }), "shape", "sort: operand 1 has rank 1, expected 2 as the keys"],
  [[f64(2, 3), i32(2, 4)], (...x) => ops.sort(x, { axis: 0 }), "shape", "sort: axis 1 of operand 1 is 4, expected 3"],
  [[], () => ops.sort([], { axis: 0 }), "arity", "sort: got 0 operands, expected at least 1"],
  [[i32(2)], (key) => ops.rngBits(key, [3]), "dtype", "rng_bits: the key has dtype i32, expected u32"],
  [[tensorType("u32", [3])], (key) => ops.rngBits(key, [3]), "shape", "rng_bits: the last axis of the key is 3, expected 2"],
  [[tensorType("u32", [])], (key) => ops.rngBits(key, [3]), "shape", "rng_bits: the key has rank 0, expected a last axis of 2"],
  [[tensorType("u32", [4, 2])], (key) => ops.rngBits(key, [3]), "shape", "rng_bits: axis 0 of the keys is 4, expected 3"],
  [[tensorType("u32", [4, 2])], (key) => ops.rngBits(key, []), "shape", "rng_bits: the result has shape [], expected the keys' axes [4] first"],
  [[tensorType("u32", [2])], raw(records.rngBits, {}, [f64(3)]), "dtype", "rng_bits: the result has dtype f64, expected u32: cast it"],
  [[f64(1, 3, 5), f64(2, 4, 2)], (x, k) => ops.conv(x, k), "shape", "conv: axis 1 of x, the features for 4 input features of the kernel, is 3, expected 4"],
  [[f64(1, 3, 5), f64(2, 1, 2)], (x, k) => ops.conv(x, k, { featureGroups: 2 }), "shape", "conv: axis 1 of x, the features for 1 input features of the kernel in 2 groups, is 3, expected 2"],
  [[f64(1, 2, 5), f64(3, 1, 2)], (x, k) => ops.conv(x, k, { featureGroups: 2 }), "shape", "conv: axis 0 of the kernel is 3, expected a multiple of the 2 groups"],
  [[f64(3, 1, 5), f64(2, 1, 2)], (x, k) => ops.conv(x, k, { batchGroups: 2 }), "shape", "conv: axis 0 of x is 3, expected a multiple of the 2 groups"],
  [[f64(2, 2, 5), f64(2, 1, 2)], (x, k) => ops.conv(x, k, { batchGroups: 2, featureGroups: 2 }), "attribute", "conv: feature_groups is 2 and batch_groups 2, expected one to be 1"],
  [[f64(1, 1, 2), f64(1, 1, 4)], (x, k) => ops.conv(x, k), "shape", "conv: the window spans 4 on spatial axis 0, whose extent is 2 with padding: use a smaller window or more padding"],
  [[f64(1, 1, 2), f64(1, 1, 2)], (x, k) => ops.conv(x, k, { kernelDilation: [3], low: [-1], high: [1] }), "shape", "conv: the window spans 4 on spatial axis 0, whose extent is 2 with padding: use a smaller window or more padding"],
  [[f64(1, 1, 2), f32(1, 1, 2)], (x, k) => ops.conv(x, k), "dtype", "conv: the kernel has dtype f32, expected f64 as x: cast one of them"],
  [[bool(1, 1, 2), bool(1, 1, 2)], (x, k) => ops.conv(x, k), "dtype", "conv: operand 0 has dtype bool, expected numbers: cast it"],
  [[f64(2), f64(2)], (x, k) => ops.conv(x, k), "shape", "conv: x has rank 1, expected batch, feature and spatial axes: reshape it"],
  [[f64(1, 1, 2), f64(1, 2)], (x, k) => ops.conv(x, k), "shape", "conv: the kernel has rank 2, expected 3 as x"],
  [[f64(1, 1, 2), f64(1, 1, 2)], (x, k) => ops.conv(x, k, { strides: [2, 2] }), "attribute", "conv: strides has 2 entries, expected 1, one per spatial axis, or none"],
  [[f64(1, 1, 2), f64(1, 1, 2)], (x, k) => ops.conv(x, k, { kernelDilation: [0] }), "attribute", "conv: kernel_dilation has 0, expected at least 1"],
  [[f64(1, 1, 2), f64(1, 1, 2)], (x, k) => ops.conv(x, k, { xAxes: [0, 2] }), "axis", "conv: x_axes names 2 axes, expected all 3"],
  [[f64(1, 1, 2), f64(1, 1, 2)], (x, k) => ops.conv(x, k, { resultAxes: [0, 1, 3] }), "axis", "conv: result_axes names axis 3, expected 0 to 2"],
  [[f64(2, 3)], (x) => ops.reduceWindow(x, { kind: "max", window: [4, 1] }), "shape", "reduce_window: the window spans 4 on axis 0, whose extent is 2 with padding: use a smaller window or more padding"],
  [[f64(2, 3)], (x) => ops.reduceWindow(x, { kind: "max", window: [3] }), "attribute", "reduce_window: window has 1 entry, expected 2, one per axis of x"],
  [[f64(2)], (x) => ops.reduceWindow(x, { kind: "max", window: [-1] }), "shape", "reduce_window: window on axis 0 is -1, expected at least 0"],
  [[f64(2)], (x) => ops.reduceWindow(x, { kind: "or", window: [1] }), "dtype", "reduce_window: the operand has dtype f64, expected bool: compare it with 0"],
  [[f64(2)], (x) => ops.reduceWindow(x, { kind: "sum", window: [1], low: [-2], high: [-1] }), "shape", "reduce_window: the window spans 1 on axis 0, whose extent is -1 with padding: use a smaller window or more padding"],
  [[bool(2)], (x) => ops.argReduceWindow(x, { kind: "max", window: [1] }), "dtype", "arg_reduce_window: operand 0 has dtype bool, expected numbers: cast it"],
  [[f64(65536, 65536)], (x) => ops.argReduceWindow(x, { kind: "max", window: [1, 1] }), "range", "arg_reduce_window: x has 4294967296 elements, expected at most 2^31"],
  [[f64(2)], (x) => ops.cumulative(x, { kind: "sum", axis: 1 }), "axis", "cumulative: axis is 1, expected 0 to 0"],
  [[f64()], (x) => ops.cumulative(x, { kind: "sum", axis: 0 }), "axis", "cumulative: axis is 0, expected a tensor with axes, got rank 0"],
  [[bool(2)], (x) => ops.cumulative(x, { kind: "sum", axis: 0 }), "dtype", "cumulative: the operand has dtype bool, expected numbers: cast it"],
  [[f64(2), f32(2)], ops.mul, "dtype", "mul: operand 1 has dtype f32, expected f64 as operand 0: cast one of them"],
  [[bool(), bool()], ops.add, "dtype", "add: operand 0 has dtype bool, expected f64, f32, i32, u32, u8 or index"],
  [[i32(3)], ops.sin, "dtype", "sin: operand 0 has dtype i32, expected f64 or f32"],
  [[f64()], ops.not, "dtype", "not: operand 0 has dtype f64, expected bool, i32, u32 or u8"],
  [[f64(), f64()], ops.and, "dtype", "and: operand 0 has dtype f64, expected bool, i32, u32 or u8"],
  [[memref("f64", [2])], ops.neg, "dtype", "neg: operand 0 has type memref<f64[2]>, expected a tensor"],
  [[f64(2, 3), f64(3, 2)], ops.add, "shape", "add: operand 1 has shape [3, 2], expected [2, 3] as operand 0: broadcast one of them"],
  [[f64(2), f64()], ops.add, "shape", "add: operand 1 has shape [], expected [2] as operand 0: broadcast one of them"],
  [[f64()], raw(records.mul), "arity", "mul: got 1 operand, expected 2"],
  [[f64(), f64()], raw(records.compare), "attribute", "compare: attribute 'direction' is missing, expected one of eq, ne, lt, le, gt, ge"],
  [[f64(), f64()], raw(records.compare, { direction: "less" }), "attribute", "compare: attribute 'direction' is 'less', expected one of eq, ne, lt, le, gt, ge"],
  [[f64(), f64()], raw(records.add, { axis: 1 }), "attribute", "add: unknown attribute 'axis', expected one of: none"],
  [[f64(), f64(), f64()], ops.select, "dtype", "select: the predicate has dtype f64, expected bool: compare it with 0"],
  [[bool(), f64(), f32()], ops.select, "dtype", "select: operand 2 has dtype f32, expected f64 as operand 1: cast one of them"],
  [[bool(2), f64(2), f64(3)], ops.select, "shape", "select: operand 2 has shape [3], expected [2] as operand 0: broadcast one of them"],
  [[f64(2)], raw(records.cast), "structure", "cast: the result has to be written as one tensor type"],

  [[], () => ops.constant(0.5, scalar("i32")), "literal", "0.5 is not a value of i32: write a value it has, or cast"],
  [[], () => ops.constant(256, scalar("u8")), "literal", "256 is not a value of u8: write a value it has, or cast"],
  [[], raw(records.constant, { value: 0.1 }, [f32()]), "literal", "constant: 0.1 is not a value of f32"],
  [[], raw(records.constant, { value: 1 }, [bool()]), "dtype", "constant: the value is 1, expected one of bool"],
  [[], raw(records.constant, { value: true }, [f64()]), "dtype", "constant: the value is true, expected one of f64"],
  [[], raw(records.constant, { value: new Dense(nd("f64", [1, 2])) }, [f64(3)]), "shape", "constant: the value is f64[2], expected f64[3]"],
  [[], () => ops.iota(tensorType("i32", [2]), 1), "axis", "iota: axis 1 is not an axis of i32[2]"],
  [[], () => ops.iota(tensorType("bool", [2]), 0), "dtype", "iota: bool does not count: compare an integer iota"],
  [[], raw(records.dim, { value: 3 }, [f64()]), "dtype", "dim: the result has type f64, expected i32 or index"],

  [[f64(3), bool(2)], (x, i) => ops.gather(x, i, elements), "dtype", "gather: operand 1 has type bool[2], expected integers: cast it to i32"],
  [[f64(3, 2), i32(2)], (x, i) => ops.gather(x, i, elements), "shape", "gather: sizes has 1 entry, expected 2, one per axis of [3, 2]"],
  [[f64(3), i32(2, 2)], (x, i) => ops.gather(x, i, { ...elements, offsetAxes: [1] }), "axis", "gather: offset_axes names 1 axis, expected 0, one for each axis of [3] outside collapsed_axes and batch_axes"],
  [[f64(3), i32(2, 2)], (x, i) => ops.gather(x, i, elements), "shape", "gather: axis 1 of the indices, which index_map describes, is 2, expected 1"],
  [[f64(3), i32(2)], (x, i) => ops.gather(x, i, { ...elements, indexAxis: 3 }), "axis", "gather: index_axis is 3, expected 0 to 1, the rank of the indices"],
  [[f64(3), i32(2)], (x, i) => ops.gather(x, i, { ...elements, collapsedAxes: [1] }), "axis", "gather: collapsed_axes with batch_axes names axis 1, expected 0 to 0"],
  [[f64(3), i32(2)], (x, i) => ops.gather(x, i, { ...elements, sizes: [2] }), "shape", "gather: the size on axis 0 is 2, expected 1"],
  [[f64(3), i32(2)], (x, i) => ops.gather(x, i, { ...elements, collapsedAxes: [], offsetAxes: [1], sizes: [4] }), "shape", "gather: the extent of axis 0, from which windows are taken, is 3, expected at least 4"],
  [[f64(3, 2), i32(2)], (x, i) => ops.gather(x, i, { ...elements, offsetAxes: [1, 0], collapsedAxes: [], sizes: [1, 1] }), "axis", "gather: offset_axes is [1, 0], expected ascending axes"],
  [[f64(3, 2), i32(2, 1)], (x, i) => ops.gather(x, i, { ...elements, batchAxes: [0], indexBatchAxes: [], collapsedAxes: [1], indexMap: [1], sizes: [1, 1] }), "axis", "gather: index_batch_axes names 0 axes, expected 1 as batch_axes"],
  [[f64(3), i32(2), f32(2)], (x, i, u) => ops.scatter(x, i, u, changes), "dtype", "scatter: operand 2 has dtype f32, expected f64 as operand 0: cast one of them"],
  [[bool(3), i32(2), bool(2)], (x, i, u) => ops.scatter(x, i, u, changes), "dtype", "scatter: kind add takes numbers, operand 0 has dtype bool: cast it"],
  [[f64(3), i32(2), f64(3)], (x, i, u) => ops.scatter(x, i, u, changes), "shape", "scatter: axis 0 of the updates is 3, expected 2"],
  [[f64(3), i32(2), f64(2, 1)], (x, i, u) => ops.scatter(x, i, u, changes), "shape", "scatter: the updates have shape [2, 1], expected rank 1, as [2]"],
  [[f64(3), i32()], (x, i) => ops.dynamicSlice(x, [i, i], [1]), "arity", "dynamic_slice: got 2 starts, expected 1, one per axis of [3]"],
  [[f64(3), i32()], (x, i) => ops.dynamicSlice(x, [i], [-1]), "shape", "dynamic_slice: the size on axis 0 is -1, expected at least 0"],
  [[f64(3), f32(1), i32()], (x, u, i) => ops.dynamicUpdateSlice(x, u, [i]), "dtype", "dynamic_update_slice: the update has dtype f32, expected f64 as operand 0: cast one of them"],
  [[f64(3), f64(4), i32()], (x, u, i) => ops.dynamicUpdateSlice(x, u, [i]), "shape", "dynamic_update_slice: the extent of axis 0, from which the box is taken, is 3, expected at least 4"],

  [[f64(2)], (x) => ops.broadcast(x, [3, 2], [0]), "shape", "broadcast: axis 0 of the operand is 2, expected 3"],
  [[f64(1)], (x) => ops.broadcast(x, [3], [0]), "shape", "broadcast: axis 0 of the operand is 1, expected 3"],
  [[f64(2)], (x) => ops.broadcast(x, [3, 2], []), "axis", "broadcast: axes names 0 axes, expected one for each of the 1 of the operand"],
  [[f64(2)], (x) => ops.broadcast(x, [2], [1]), "axis", "broadcast: axes names axis 1, expected 0 to 0"],
  [[f64(2, 2)], (x) => ops.broadcast(x, [2, 2], [1, 1]), "axis", "broadcast: axes names axis 1 twice"],
  [[f64(2)], raw(records.broadcast, { axes: [0] }, [f32(2)]), "dtype", "broadcast: the result has dtype f32, expected f64: cast it"],
  [[f64(2, 3)], (x) => ops.reshape(x, [4]), "shape", "reshape: [4] has 4 elements, expected the 6 of [2, 3]"],
  [[f64(2, 3)], (x) => ops.permute(x, [0, 0]), "axis", "permute: permutation names axis 0 twice"],
  [[f64(2, 3)], (x) => ops.permute(x, [0]), "axis", "permute: permutation names 1 axis, expected all 2 of [2, 3]"],
  [[f64(2, 3)], (x) => ops.permute(x, [0, 2]), "axis", "permute: permutation names axis 2, expected 0 to 1"],
  [[f64(2, 3)], (x) => ops.reduce(x, { kind: "sum", axes: [2] }), "axis", "reduce: axes names axis 2, expected 0 to 1"],
  [[f64()], (x) => ops.reduce(x, { kind: "sum", axes: [0] }), "axis", "reduce: axes names axis 0, expected none, at rank 0"],
  [[f64(2)], (x) => ops.reduce(x, { kind: "sum", axes: [-1] }), "axis", "reduce: axes names axis -1, expected 0 to 0"],
  [[bool(2)], (x) => ops.reduce(x, { kind: "sum", axes: [0] }), "dtype", "reduce: the operand has dtype bool, expected numbers: cast it"],
  [[f64(2)], (x) => ops.reduce(x, { kind: "and", axes: [0] }), "dtype", "reduce: the operand has dtype f64, expected bool: compare it with 0"],

  [[f64(128, 784), f64(128, 784)], (x, y) => ops.dot(x, y, { contract: axisPairs([1], [0]) }), "shape", "dot: operand 1 has shape [128, 784], expected [784, ?]: did you mean its transpose?"],
  [[f64(2, 3), f64(4, 5)], (x, y) => ops.dot(x, y, { contract: axisPairs([1], [0]) }), "shape", "dot: operand 1 has shape [4, 5], expected [3, ?]: axis 0 is paired with axis 1 of [2, 3]"],
  [[f64(2, 3), f64(3, 2)], (x, y) => ops.dot(x, y, { contract: axisPairs([1], [0, 1]) }), "axis", "dot: contract pairs 1 axis of operand 0 with 2 of operand 1"],
  [[f64(2, 3), f64(3, 2)], (x, y) => ops.dot(x, y, { contract: axisPairs([2], [0]) }), "axis", "dot: operand 0's batch and contract names axis 2, expected 0 to 1"],
  [[f64(2, 2), f64(2, 2)], (x, y) => ops.dot(x, y, { contract: axisPairs([0], [0]), batch: axisPairs([1], [0]) }), "axis", "dot: operand 1's batch and contract names axis 0 twice"],
  [[f64(2), f32(2)], (x, y) => ops.dot(x, y, { contract: axisPairs([0], [0]) }), "dtype", "dot: operand 1 has dtype f32, expected f64 as operand 0: cast one of them"],
  [[bool(2), bool(2)], (x, y) => ops.dot(x, y, { contract: axisPairs([0], [0]) }), "dtype", "dot: operand 0 has dtype bool, expected numbers: cast it"],
];

describe("errors say where, what, what was expected and what to do", () => {
  it.each(rows.map((row) => [row[3], row] as const))("%s", (message, [types, body, code]) => {
    expect(refusal(types, body)).toEqual([code, message]);
  });

  it("takes no concrete operands that do not broadcast", async () => {
    const { interpret } = await import("../src/backend/index.ts");
    const module = ops.parse("func @f(%x: f64[*], %y: f64[*]) -> f64[*] {\n  %z = add %x, %y : f64[*]\n  return %z\n}");
    const add = (x: readonly number[], y: readonly number[]) => interpret(module, "f", [nd("f64", x), nd("f64", y)]);
    expect([...add([1, 2], [3])[0].data]).toEqual([4, 5]);
    expect(() => add([1, 2], [1, 2, 3])).toThrow("add: operands of shapes [2] and [3] do not broadcast");
  });
});

describe("dimensions that may differ become constraints", () => {
  const [b, h] = [symbol("B"), symbol("H")];

  function constraintsOf(types: readonly Type[], body: (...x: Value[]) => unknown): readonly string[] {
    const builder = new BlockBuilder();
    withBuilder(builder, () => body(...types.map((t) => builder.argument(t))));
    return builder.scope.dims.constraints.map((c) => `${c.left} ${c.relation} ${c.right}`);
  }

  it("of symbols, sizes and expressions", () => {
    const vector = (d: typeof b | number) => tensorType("f64", [d]);
    expect(constraintsOf([vector(b), vector(h)], ops.add)).toEqual(["H == B"]);
    expect(constraintsOf([vector(b), vector(b)], ops.add)).toEqual([]);
    expect(constraintsOf([vector(b)], (x) => ops.broadcast(x, [3], [0]))).toEqual(["B == 3"]);
    expect(constraintsOf([tensorType("f64", [b, h])], (x) => ops.reshape(x, [h, b]))).toEqual([]);
    const contract = axisPairs([0], [0]);
    expect(constraintsOf([vector(b), vector(h)], (x, y) => ops.dot(x, y, { contract }))).toEqual(["H == B"]);
  });
});

describe("unranked operands give unranked results", () => {
  it.each([
    ["mul", (x: Value) => ops.mul(x, x)],
    ["compare", (x: Value) => ops.compare(x, x, "lt")],
    ["cast", (x: Value) => ops.cast(x, "f32")],
    ["reduce", (x: Value) => ops.reduce(x, { kind: "sum", axes: [-1] })],
    ["permute", (x: Value) => ops.permute(x, [1, 0])],
    ["dot", (x: Value) => ops.dot(x, x, { contract: axisPairs([-1], [0]) })],
  ])("%s", (_, build) => {
    const builder = new BlockBuilder();
    const x = builder.argument(unranked("f64"));
    expect(withBuilder(builder, () => build(x)).type.kind).toBe("unranked");
  });
});
