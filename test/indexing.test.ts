// What users call to take tensors apart and put them together, in a trace and at once, and what it refuses.

import { describe, expect, it } from "vitest";
import {
  add,
  argMax,
  argMin,
  compile,
  concat,
  expandDims,
  flip,
  grad,
  i32,
  mul,
  type Nested,
  pad,
  slice,
  squeeze,
  stack,
  sum,
  Tensor,
  tensor,
} from "../src/index.ts";
import { errorOf } from "./support/errors.ts";

type Build = (x: Tensor) => Tensor;
type Row = readonly [what: string, x: Nested, build: Build, expected: unknown];

const grid = [
  [1, 2, 3],
  [4, 5, 6],
];

// biome-ignore format: a table one can see
const rows: readonly Row[] = [
  ["slice takes a box", grid, (x) => slice(x, { start: [0, 1], limit: [1, 3] }), [[2, 3]]],
  ["slice counts negative places from the end", grid, (x) => slice(x, { start: [0, -2], limit: [2, -1] }), [[2], [5]]],
  ["slice takes axes left out whole", grid, (x) => slice(x, { start: [1] }), [[4, 5, 6]]],
  ["slice takes every so many", [1, 2, 3, 4, 5], (x) => slice(x, { strides: [2] }), [1, 3, 5]],
  ["slice may take nothing", [1, 2], (x) => slice(x, { start: [2] }), []],
  ["slice is a method", [1, 2, 3], (x) => x.slice({ limit: [2] }), [1, 2]],
  ["pad puts zeros", [1, 2], (x) => pad(x, { low: 1, high: [2] }), [0, 1, 2, 0, 0]],
  ["pad puts a value between", [1, 2], (x) => x.pad({ interior: 2, value: -1 }), [1, -1, -1, 2]],
  ["pad takes the value from a tensor", [1, 2], (x) => pad(x, { low: 1, value: sum(x) }), [3, 1, 2]],
  ["pad cuts off", grid, (x) => pad(x, { low: [-1, 0], high: [0, -2] }), [[4]]],
  ["pad of bools puts false", [true], (x) => pad(x, { high: 1 }), [true, false]],
  ["flip turns every axis round", grid, (x) => flip(x), [[6, 5, 4], [3, 2, 1]]],
  ["flip turns one axis round", grid, (x) => x.flip({ axes: -1 }), [[3, 2, 1], [6, 5, 4]]],
  ["concat goes along the first axis", grid, (x) => concat([x, x]), [...grid, ...grid]],
  ["concat goes along a negative axis", grid, (x) => concat([x, slice(x, { limit: [2, 1] })], { axis: -1 }), [[1, 2, 3, 1], [4, 5, 6, 4]]],
  ["concat takes one", [1], (x) => concat([x]), [1]],
  ["stack makes a first axis", [1, 2], (x) => stack([x, add(x, 2)]), [[1, 2], [3, 4]]],
  ["stack makes a last axis", [1, 2], (x) => stack([x, add(x, 2)], { axis: -1 }), [[1, 3], [2, 4]]],
  ["stack takes numbers", 2, (x) => stack([x, 5, mul(x, x)]), [2, 5, 4]],
  ["expandDims makes an axis", [1, 2], (x) => expandDims(x, { axis: -1 }), [[1], [2]]],
  ["expandDims makes a first axis", 7, (x) => x.expandDims(), [7]],
  ["squeeze drops all it can", [[[1], [2]]], (x) => squeeze(x), [1, 2]],
  ["squeeze drops what is named", [[[1], [2]]], (x) => x.squeeze({ axes: [0] }), [[1], [2]]],
  ["argMax counts all elements", [[1, 9, 2], [9, 0, 0]], (x) => argMax(x), 1],
  ["argMax looks along an axis", [[1, 9, 2], [9, 0, 0]], (x) => x.argMax({ axis: -1 }), [1, 0]],
  ["argMax keeps the axis", [[1, 9, 2], [9, 0, 0]], (x) => argMax(x, { axis: 0, keepDims: true }), [[1, 0, 0]]],
  ["argMax keeps all axes", [[1, 9]], (x) => argMax(x, { keepDims: true }), [[1]]],
  ["argMin finds the first NaN", [3, NaN, 1], (x) => argMin(x), 1],
];

function nested(result: unknown): unknown {
  return result instanceof Tensor ? result.toArray() : result;
}

describe("taking apart and putting together", () => {
  it.each(rows)("%s", (_, data, build, expected) => {
    const x = tensor(data);
    expect(build(x).toArray()).toEqual(expected);
    const traced = compile(build, [`${x.dtype}[${x.shape.join(", ")}]`]);
    expect(nested((traced as (...args: unknown[]) => unknown)(data))).toEqual(expected);
  });

  it("index results are i32", () => {
    expect(argMax(tensor([1, 2])).dtype).toBe("i32");
    expect(argMin(i32([3, 1]), { axis: 0 }).item()).toBe(1);
  });

  it("sizes may be open, and what has to hold of them is checked at the call", () => {
    const differences = compile((x: Tensor) => slice(x, { start: [1] }).sub(slice(x, { limit: ["N-1"] })), ["f64[N]"]);
    expect(nested((differences as (x: unknown) => unknown)([1, 4, 9]))).toEqual([3, 5]);
    expect(nested((differences as (x: unknown) => unknown)([1]))).toEqual([]);
    expect(errorOf(() => (differences as (x: unknown) => unknown)([])).message).toMatch(
      /@main: N(-1)? is -?[01], expected at least [01]/,
    );
    const most = compile((x: Tensor) => argMax(x), ["f64[N]"]) as (x: unknown) => unknown;
    expect(nested(most([2, 7, 7]))).toBe(1);
    expect(errorOf(() => most([])).message).toMatch(/indexing\.test\.ts:\d+:\d+ @main: N is 0, expected at least 1/);
  });

  it("derivatives flow to where elements came from", () => {
    const f = (x: Tensor): Tensor => sum(mul(concat([slice(x, { start: [1] }), pad(x, { low: 1 })]), flip(x).sum()));
    const df = compile((x: Tensor) => grad(f)(x) as Tensor, ["f64[3]"]) as unknown as (x: unknown) => Tensor;
    // (x1 + x2 + x0 + x1 + x2) · (x0 + x1 + x2)
    expect(df([1, 2, 3]).toArray()).toEqual([17, 23, 23]);
  });
});

describe("what is refused says where, what, and what was expected", () => {
  const x = tensor(grid);
  // biome-ignore format: a table one can see
  const refused: readonly (readonly [body: () => unknown, code: string, message: string])[] = [
    [() => slice(x, { start: [3] }), "shape", "slice: limit on axis 0 is 2, expected at least 3"],
    [() => slice(x, { start: [-3] }), "shape", "slice: start on axis 0 is -1, expected at least 0"],
    [() => slice(x, { limit: [2, 4] }), "shape", "slice: the extent of axis 1 is 3, expected at least 4"],
    [() => slice(x, { start: [0, 0, 0] }), "shape", "slice: start has 3 entries, expected at most 2, one per axis"],
    [() => slice(x, { start: [0.5] }), "argument", "slice: start: got 0.5, expected an integer"],
    [() => slice(x, { start: {} as never }), "argument", "slice: start: got an Object, expected an integer"],
    [() => slice(x, { strides: [0] }), "attribute", "slice: strides has 0, expected at least 1"],
    [() => slice(x, { begin: [0] } as never), "option", "slice: unknown option 'begin', expected one of start, limit, strides"],
    [() => pad(x, { low: [0, -4] }), "shape", "pad: the padded extent of axis 1 is -1, expected at least 0"],
    [() => pad(x, { value: true }), "dtype", "pad: the literal true meets a tensor of dtype f64: cast the tensor"],
    [() => concat([]), "arity", "concat: got no tensors, expected at least one"],
    [() => concat(x as never), "argument", "concat: the tensors: got a Tensor, expected an array"],
    [() => concat([x, tensor([1])]), "shape", "concat: operand 1 has shape [1], expected rank 2 as operand 0"],
    [() => concat([x, x], { axis: 2 }), "axis", "concat: axis 2 is out of range for rank 2: expected -2 to 1"],
    [() => stack([x, tensor([[1]])]), "shape", "stack: axis 1 of operand 1 is 1, expected 2"],
    [() => squeeze(x, { axes: 0 }), "shape", "squeeze: axis 0 has extent 2, expected 1"],
    [() => flip(x, { axes: [0, -2] }), "axis", "flip: axis 0 is named twice"],
    [() => argMax(tensor([])), "shape", "argMax: the extent of axis 0 is 0, expected at least 1"],
    [() => argMax(tensor([true])), "dtype", "argMax: operand 0 has dtype bool, expected numbers: cast it"],
    [() => argMin(tensor(1), { axis: 0 }), "axis", "argMin: axis 0 is out of range for rank 0: a scalar has no axes"],
  ];
  it.each(refused)("%s", (body, code, message) => {
    const error = errorOf(body);
    expect([error.code, error.reason]).toEqual([code, message]);
    expect(error.origin?.file).toMatch(/indexing\.test\.ts$/);
  });
});
