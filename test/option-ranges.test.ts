// Options at the ends of their ranges, as users of PyTorch and NumPy pass them without thinking.

import { describe, expect, it } from "vitest";
import {
  argMax,
  argsort,
  bernoulli,
  broadcastTo,
  clip,
  concat,
  conv1d,
  crossEntropy,
  cumsum,
  dropout,
  embedding,
  expandDims,
  flip,
  full,
  gelu,
  grad,
  i32,
  jit,
  key,
  max,
  mean,
  norm,
  ones,
  pad,
  permuteDims,
  reshape,
  roll,
  slice,
  sort,
  split,
  squeeze,
  stack,
  std,
  sub,
  sum,
  Tensor,
  take,
  takeAlongAxis,
  tensor,
  topK,
  variance,
  zeros,
} from "../src/index.ts";
import { messageOf } from "./support/errors.ts";

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const v = tensor([3, 1, 2]);
const none = null as never;

const plain = (r: unknown): unknown => (r instanceof Tensor ? r.toArray() : Array.isArray(r) ? r.map(plain) : r);

/** What is called, and what it gives. */
const table: readonly (readonly [name: string, call: () => unknown, expected: unknown])[] = [
  ["a rate of 1", () => dropout(tensor([3, Infinity]), key(1), { rate: 1 }), [0, 0]],
  ["a rate of 0", () => dropout(v, key(1), { rate: 0 }), [3, 1, 2]],
  ["the slope at a rate of 1", () => grad((y: Tensor) => sum(dropout(y, key(1), { rate: 1 })))(v), [0, 0, 0]],
  ["a probability of 0", () => bernoulli(key(1), 0, [2]), [false, false]],
  ["a probability of 1", () => bernoulli(key(1), 1, [2]), [true, true]],
  [
    "no axes",
    () => [sum(x, { axes: [] }), mean(x, { axes: [] }), max(x, { axes: [] })],
    [plain(x), plain(x), plain(x)],
  ],
  [
    "null for all axes",
    () => [sum(x, { axes: null }), mean(x, { axes: null }), norm(v, { axes: none, p: none })],
    [21, 3.5, Math.sqrt(14)],
  ],
  [
    "an axis as a number, from the end",
    () => [sum(x, { axes: -1 }), mean(x, { axes: [-2] })],
    [
      [6, 15],
      [2.5, 3.5, 4.5],
    ],
  ],
  [
    "a correction of as many as there are",
    () => [variance(v, { correction: 3 }), std(v, { correction: 4 })],
    [Infinity, Infinity],
  ],
  ["a correction of one, of one element", () => variance(tensor([5]), { correction: 1 }), NaN],
  ["null for no correction", () => variance(v, { correction: none }), 2 / 3],
  [
    "one bound",
    () => [clip(v, 2, none), clip(v, none, 2), clip(v, none, none), clip(v, 2)],
    [
      [3, 2, 2],
      [2, 1, 2],
      [3, 1, 2],
      [3, 2, 2],
    ],
  ],
  [
    "pieces of no size",
    () => [split(v, [0, 3]), split(tensor([]), 2), split(x, [1, 2], { axis: -1 })],
    [
      [[], [3, 1, 2]],
      [],
      [
        [[1], [4]],
        [
          [2, 3],
          [5, 6],
        ],
      ],
    ],
  ],
  ["no elements among the largest", () => [topK(v, 0).values, topK(v, 0).indices], [[], []]],
  [
    "one width for all sides",
    () => [pad(v, 1), pad(v, 1, { value: 9 })],
    [
      [0, 3, 1, 2, 0],
      [9, 3, 1, 2, 9],
    ],
  ],
  [
    "a pair of widths for each axis",
    () =>
      pad(x, [
        [0, 1],
        [1, 0],
      ]),
    [
      [0, 1, 2, 3],
      [0, 4, 5, 6],
      [0, 0, 0, 0],
    ],
  ],
  [
    "null where all axes are meant",
    () => [flip(x, { axes: null }), squeeze(tensor([[7]]), { axes: null }), roll(x, 1, { axes: null })],
    [
      [
        [6, 5, 4],
        [3, 2, 1],
      ],
      7,
      [
        [6, 1, 2],
        [3, 4, 5],
      ],
    ],
  ],
  [
    "null where the elements are counted",
    () => [argMax(x, { axis: null }), argMax(x, { axis: null, keepDims: true })],
    [5, [[5]]],
  ],
  [
    "null where the last axis is meant",
    () => [sort(v, { axis: none }), argsort(v, { axis: none })],
    [
      [1, 2, 3],
      [1, 2, 0],
    ],
  ],
  [
    "null where there is one axis",
    () => [cumsum(v, { axis: none }), take(v, i32([2, 0]), { axis: none })],
    [
      [3, 4, 6],
      [2, 3],
    ],
  ],
  [
    "null where nothing is weighted or left out",
    () => crossEntropy(tensor([[0, 0]]), i32([1]), { weight: none, ignoreIndex: none }),
    Math.log(2),
  ],
  ["null for the usual dtype", () => zeros([1], { dtype: none }), [0]],
  [
    "a new axis at several places",
    () => [
      expandDims(v, { axis: [0, -1] }).shape,
      expandDims(v, { axis: [2, 0] }).shape,
      expandDims(v, { axis: none }).shape,
    ],
    [
      [1, 3, 1],
      [1, 3, 1],
      [1, 3],
    ],
  ],
  [
    "one size for a shape of one axis",
    () => [reshape(x, 6), reshape(x, -1), broadcastTo(tensor(1), 2), zeros(2), full(2, 7), ones(1)],
    [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [1, 1], [0, 0], [7, 7], [1]],
  ],
  [
    "one number, or null, for the sides of a box",
    () => [
      slice(v, { start: 1 }),
      slice(x, { start: 1, limit: null }),
      slice(v, { start: null, limit: -1, strides: 2 }),
    ],
    [[1, 2], [[5, 6]], [3]],
  ],
  [
    "indices in arrays",
    () => [
      take(v, [2, 0]),
      take(v, [[1], [1]]),
      take(x, 1, { axis: 0 }),
      take(v, new Int32Array([2])),
      takeAlongAxis(x, [[2], [0]], { axis: 1 }),
      embedding([1, 1], x),
      jit((y: Tensor) => take(y, [0]))(v),
      grad((y: Tensor) => sum(take(y, [2, 2])))(v),
    ],
    [
      [2, 3],
      [[1], [1]],
      [4, 5, 6],
      [2],
      [[3], [4]],
      [
        [4, 5, 6],
        [4, 5, 6],
      ],
      [3],
      [0, 0, 2],
    ],
  ],
  [
    "padding in the upper case",
    () => [
      conv1d(ones([1, 3, 1]), ones([2, 1, 1]), { padding: "SAME" }),
      conv1d(ones([1, 3, 1]), ones([2, 1, 1]), { padding: "VALID" }),
    ],
    [[[[2], [2], [1]]], [[[2], [2]]]],
  ],
  ["null for no approximation", () => sub(gelu(v, { approximate: null }), gelu(v)), [0, 0, 0]],
  [
    "one tensor of several",
    () => [concat([v]), concat([v, tensor([])]), stack([v], { axis: -1 })],
    [
      [3, 1, 2],
      [3, 1, 2],
      [[3], [1], [2]],
    ],
  ],
];

describe("options at the ends of their ranges", () => {
  for (const [name, call, expected] of table) {
    it(name, () => expect(plain(call())).toEqual(expected));
  }

  it("an axis that could be any of several is asked for; null is all of them where they can be in a row", () => {
    expect(messageOf(() => cumsum(x))).toMatch("cumsum: the tensor has rank 2, expected an axis");
    for (const options of [{}, { axis: none }])
      expect(messageOf(() => take(x, i32([0]), options))).toMatch("option 'axis' is left out");
    expect(plain(cumsum(x, { axis: none }))).toEqual([1, 3, 6, 10, 15, 21]);
  });

  it("an axis named twice is refused by the name of the function", () => {
    const twice = { axes: [0, -2] };
    const calls = { sum, mean, max, variance, flip, norm };
    for (const [name, call] of Object.entries(calls))
      expect(messageOf(() => call(x, twice))).toBe(`${name}: axis 0 is named twice`);
    expect(messageOf(() => expandDims(x, { axis: [1, -3] }))).toBe("expandDims: axis 1 is named twice");
    expect(messageOf(() => permuteDims(x, [1, 1]))).toBe("permuteDims: axis 1 is named twice");
  });

  it("indices in arrays are integers", () => {
    expect(messageOf(() => take(v, [0.5]))).toMatch("take: the indices: 0.5 is not a value of i32");
    expect(messageOf(() => take(v, [true, false]))).toMatch("take: the indices have dtype bool, expected integers");
    expect(messageOf(() => take(v, "0" as never))).toMatch("take: the indices");
  });

  it("lists of nothing say what is expected", () => {
    expect(messageOf(() => concat([]))).toMatch("concat: got no tensors, expected at least one");
    expect(messageOf(() => stack([]))).toMatch("stack: got no tensors, expected at least one");
    expect(messageOf(() => pad(v, [1, 1] as never))).toMatch("pad: the widths are no pairs");
  });
});
