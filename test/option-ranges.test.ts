// Options at the ends of their ranges, as users of PyTorch and NumPy pass them without thinking.

import { describe, expect, it } from "vitest";
import {
  argMax,
  argsort,
  bernoulli,
  clip,
  concat,
  crossEntropy,
  cumsum,
  dropout,
  flip,
  grad,
  i32,
  key,
  max,
  mean,
  norm,
  pad,
  roll,
  sort,
  split,
  squeeze,
  stack,
  std,
  sum,
  Tensor,
  take,
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

  it("an axis that could be any of several is asked for, null or left out", () => {
    expect(messageOf(() => cumsum(x, { axis: none }))).toMatch("cumsum: the tensor has rank 2, expected an axis");
    expect(messageOf(() => take(x, i32([0]), { axis: none }))).toMatch("option 'axis' is left out");
  });

  it("lists of nothing say what is expected", () => {
    expect(messageOf(() => concat([]))).toMatch("concat: got no tensors, expected at least one");
    expect(messageOf(() => stack([]))).toMatch("stack: got no tensors, expected at least one");
    expect(messageOf(() => pad(v, [1, 1] as never))).toMatch("pad: the widths are no pairs");
  });
});
