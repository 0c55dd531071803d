// Every function of the library goes the same way whether sizes are known or not: jit compiles it once for all sizes above
// 1, and for every size it gives what it gives at once.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { compile, jit, key, Tensor, tensor } from "../src/index.ts";
import * as library from "../src/library/index.ts";

type Fn = (...args: never[]) => unknown;

/** The tensors that a call has for a size, and the call. */
type Row = readonly [tensors: (n: number) => readonly Tensor[], call?: (...tensors: Tensor[]) => unknown];

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Numbers between 0 and 1. */
const t = (...shape: number[]): Tensor =>
  tensor(
    Float64Array.from({ length: count(shape) }, (_, i) => (((i + 2) * 7) % 11) / 12 + 0.05),
    { shape },
  );
const ints = (...shape: number[]): Tensor =>
  tensor(
    Int32Array.from({ length: count(shape) }, (_, i) => (i * 5) % 3),
    { shape },
  );
const bools = (...shape: number[]): Tensor => library.greater(t(...shape), 0.5);
/** A positive definite matrix. */
const square = (n: number): Tensor =>
  library.add(library.mul(library.eye(n), 4), library.mul(library.ones([n, n]), 0.5));

const one = (n: number) => [t(n, 3)];
const two = (n: number) => [t(n, 3), t(n, 3)];
const image = (n: number) => [t(1, n + 4, 5, 2)];
const l = library;

/** What is not called with one tensor of floats [n, 3]. */
const rows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(
    "add sub mul div rem remainder floorDivide maximum minimum pow hypot logaddexp atan2 copysign nextafter equal notEqual less lessEqual greater greaterEqual xlog1py xlogy l1 mse huber binaryCrossEntropy binaryCrossEntropyWithLogits vecdot prelu cross kron"
      .split(" ")
      .map((name): [string, Row] => [name, [two]]),
  ),
  ...Object.fromEntries(
    "bitwiseAnd bitwiseOr bitwiseXor bitwiseLeftShift bitwiseRightShift"
      .split(" ")
      .map((name): [string, Row] => [name, [(n) => [ints(n, 3), ints(n, 3)]]]),
  ),
  ...Object.fromEntries(
    "logicalAnd logicalOr logicalXor".split(" ").map((name): [string, Row] => [name, [(n) => [bools(n), bools(n)]]]),
  ),
  ...Object.fromEntries("all any logicalNot".split(" ").map((name): [string, Row] => [name, [(n) => [bools(n, 3)]]])),
  ...Object.fromEntries(
    "cumsum cumprod cummax cummin".split(" ").map((name): [string, Row] => [name, [(n) => [t(n)]]]),
  ),
  ...Object.fromEntries(
    "cholesky det inverse lu slogdet diagonal trace tril triu matrixTranspose"
      .split(" ")
      .map((name): [string, Row] => [name, [(n) => [square(n)]]]),
  ),
  ...Object.fromEntries(
    "globalAvgPool globalMaxPool".split(" ").map((name): [string, Row] => [name, [(n) => [t(1, n, 3, 2)]]]),
  ),
  addAt: [one, (x) => l.addAt(x, [[0, null], 1], 5)],
  allclose: [two],
  arange: [one, (x) => l.arange(x.shape[0])],
  at: [one, (x) => [l.at(x, [0, null], -1), l.at(x, null, l.arange(x.shape[0], { dtype: "i32" }))]],
  attention: [(n) => [t(n, 3), t(n, 3), t(n, 3)]],
  avgPool: [image, (x) => l.avgPool(x, 2)],
  batchNorm: [one],
  bernoulli: [one, (x) => l.bernoulli(key(1), 0.5, x.shape)],
  bitcast: [(n) => [tensor(new Float32Array(n).fill(2))], (x) => l.bitcast(x, "i32")],
  bitwiseInvert: [(n) => [ints(n)]],
  broadcastTo: [(n) => [t(n)], (x) => l.broadcastTo(x, [2, x.shape[0]])],
  cast: [one, (x) => l.cast(x, "f32")],
  categorical: [one, (x) => [l.categorical(key(1), x), l.categorical(key(1), x, { axis: 0 })]],
  check: [
    one,
    (x) => {
      l.check(l.less(l.sum(x), 1e9), "too large");
      return x;
    },
  ],
  clip: [one, (x) => l.clip(x, 0.2, 0.7)],
  concat: [two, (x, y) => [l.concat([x, y]), l.concat([x, y], { axis: 1 })]],
  conv1d: [(n) => [t(1, n + 4, 2), t(3, 2, 2)]],
  conv2d: [
    (n) => [...image(n), t(3, 2, 2, 1)],
    (x, k) => [l.conv2d(x, k), l.conv2d(x, k, { padding: "same", stride: 2 })],
  ],
  conv3d: [(n) => [t(1, n + 4, 3, 3, 1), t(2, 2, 2, 1, 1)]],
  convTranspose1d: [(n) => [t(1, n + 4, 2), t(3, 2, 2)]],
  convTranspose2d: [(n) => [...image(n), t(3, 2, 2, 1)], (x, k) => l.convTranspose2d(x, k, { stride: 2 })],
  convTranspose3d: [(n) => [t(1, n + 4, 3, 3, 1), t(2, 2, 2, 1, 1)]],
  crossEntropy: [(n) => [t(n, 3), ints(n)]],
  diag: [(n) => [t(n)]],
  dim: [one, (x) => l.dim(x, 0)],
  dot: [
    (n) => [t(n, 3), t(3, n)],
    (x, y) => [l.dot(x, y, { contract: [[1], [0]] }), l.dot(x, y, { contract: [[0], [1]] })],
  ],
  dropout: [one, (x) => l.dropout(x, key(1))],
  dynamicSlice: [one, (x) => l.dynamicSlice(x, [0, 1], [x.shape[0], 2])],
  dynamicUpdateSlice: [one, (x) => l.dynamicUpdateSlice(x, l.mul(x, 2), [0, 0])],
  einsum: [(n) => [t(n, 3), t(3, n)], (x, y) => [l.einsum("ij,jk->ik", x, y), l.einsum("ij,ji->", x, y)]],
  embedding: [(n) => [ints(n), t(5, 2)]],
  expandDims: [one, (x) => l.expandDims(x, { axis: 1 })],
  eye: [one, (x) => l.eye(x.shape[0])],
  full: [one, (x) => l.full(x.shape, 2)],
  groupNorm: [(n) => [t(n, 4)], (x) => l.groupNorm(x, 2)],
  im2col: [image, (x) => l.im2col(x, 2)],
  isClose: [two],
  key: [one, (x) => l.add(x, l.cast(l.sum(l.key(3)), "f64"))],
  linear: [(n) => [t(n, 3), t(2, 3), t(2)]],
  linspace: [
    one,
    (x) => [l.linspace(0, 1, x.shape[0]), l.linspace(1, 3, x.shape[0], { dtype: "f32", endpoint: false })],
  ],
  matmul: [(n) => [t(n, 3), t(3, n)], (x, y) => [l.matmul(x, y), l.matmul(y, x)]],
  matrixPower: [(n) => [square(n)], (x) => l.matrixPower(x, 3)],
  maxAt: [one, (x) => l.maxAt(x, [[0, null], 1], 0.5)],
  maxPool: [image, (x) => l.maxPool(x, 2, { ceilMode: true })],
  maxPool1d: [(n) => [t(1, n + 4, 2)], (x) => l.maxPool1d(x, 2)],
  mean: [one, (x) => [l.mean(x), l.mean(x, { axes: 0 }), l.mean(l.cast(x, "f32"), { axes: [0, 1] })]],
  meshgrid: [(n) => [t(n), t(3)], (x, y) => l.meshgrid([x, y])],
  minAt: [one, (x) => l.minAt(x, [[0, null], 1], 0.5)],
  moveaxis: [one, (x) => l.moveaxis(x, 0, 1)],
  mulAt: [one, (x) => l.mulAt(x, [[0, null], 1], 0.5)],
  normal: [one, (x) => l.normal(key(1), x.shape)],
  oneHot: [(n) => [ints(n)], (x) => [l.oneHot(x, 3), l.oneHot(x, x.shape[0])]],
  ones: [one, (x) => l.ones(x.shape)],
  outer: [(n) => [t(n), t(n)]],
  pad: [one, (x) => [l.pad(x, { low: 1, high: 2 }), l.pad(x, { low: 1, mode: "edge" })]],
  permutation: [one, (x) => [l.permutation(key(1), x), l.permutation(key(1), x.shape[0])]],
  permuteDims: [one, (x) => l.permuteDims(x, [1, 0])],
  pixelShuffle: [(n) => [t(1, n, 3, 4)], (x) => l.pixelShuffle(x, 2)],
  polygamma: [one, (x) => l.polygamma(1, x)],
  popcount: [(n) => [ints(n)]],
  probe: [one, (x) => l.probe(x, "x")],
  quantile: [one, (x) => [l.quantile(x, 0.3), l.quantile(x, [0, 0.5], { axes: 0 })]],
  randomIntegers: [one, (x) => l.randomIntegers(key(1), x.shape, { high: 5 })],
  repeat: [one, (x) => [l.repeat(x, 2), l.repeat(x, 2, { axis: 0 }), l.repeat(x, x.shape[0])]],
  reshape: [one, (x) => [l.reshape(x, [-1]), l.reshape(x, [3, -1]), l.reshape(x, [x.size])]],
  resizeBilinear: [(n) => [t(1, n, 3, 2)], (x) => [l.resizeBilinear(x, [4, 5]), l.resizeBilinear(x, [x.shape[1], 2])]],
  resizeNearest: [(n) => [t(1, n, 3, 2)], (x) => [l.resizeNearest(x, [4, 5]), l.resizeNearest(x, [x.shape[1], 2])]],
  rngBits: [one, (x) => l.rngBits(key(1), x.shape)],
  roll: [one, (x) => [l.roll(x, 1), l.roll(x, [-1], { axes: 0 })]],
  set: [one, (x) => l.set(x, [[0, null], 1], 5)],
  slice: [one, (x) => l.slice(x, { start: [0, 1], limit: [x.shape[0], -1] })],
  solve: [(n) => [square(n), t(n)]],
  split: [(n) => [t(3, n)], (x) => [l.split(x, [1, 2]), l.split(x, 2)]],
  splitKey: [one, (x) => l.splitKey(key(1), x.shape[0])],
  squeeze: [(n) => [t(n, 1)], (x) => [l.squeeze(x), l.squeeze(x, { axes: 1 })]],
  stack: [two, (x, y) => l.stack([x, y], { axis: 1 })],
  std: [one, (x) => [l.std(x), l.std(l.cast(x, "f32"), { correction: 0.1 })]],
  take: [one, (x) => [l.take(x, tensor([0, 2], { dtype: "i32" }), { axis: 1 })]],
  takeAlongAxis: [(n) => [t(n, 3), ints(n, 3)]],
  tensordot: [(n) => [t(n, 3), t(3, n)], (x, y) => l.tensordot(x, y, { axes: 1 })],
  tile: [one, (x) => [l.tile(x, 2), l.tile(x, [2, 3]), l.tile(x, x.shape[0])]],
  topK: [one, (x) => l.topK(x, 2)],
  triangularSolve: [(n) => [square(n), t(n)]],
  uniform: [one, (x) => l.uniform(key(1), [x.shape[0]], { low: -1 })],
  unstack: [(n) => [t(2, n)]],
  variance: [one, (x) => [l.variance(x, { axes: 0 }), l.variance(x, { correction: 1 })]],
  where: [(n) => [bools(n), t(n), t(n)]],
  zeros: [one, (x) => l.zeros(x.shape)],
};

const functions: readonly (readonly [string, Fn])[] = Object.entries(library).filter(
  ([, f]) => typeof f === "function",
);

/** All elements of a result, with their shapes and dtypes. */
function shown(result: unknown): string {
  const plain = (x: unknown): unknown => {
    if (x instanceof Tensor) return { dtype: x.dtype, shape: x.shape, data: [...x.data()] };
    if (Array.isArray(x)) return x.map(plain);
    if (typeof x === "object" && x !== null) return Object.entries(x).map(([k, v]) => [k, plain(v)]);
    return { data: [x] };
  };
  return inspect(plain(result), { depth: null, maxArrayLength: null });
}

const outcome = (run: () => unknown): string => {
  try {
    return shown(run());
  } catch (error) {
    return (error as Error).constructor.name;
  }
};

describe("the library", () => {
  it.each(functions)("goes the same way for all sizes: %s", (name, f) => {
    const [tensors, given] = rows[name] ?? [one];
    const call = given ?? (f as (...xs: Tensor[]) => unknown);
    let traces = 0;
    const counted = (...xs: Tensor[]): unknown => {
      traces++;
      return call(...xs);
    };
    const g = jit(counted);
    const looking = jit((...xs: Tensor[]) => {
      for (const x of xs) void x.shape;
      return call(...xs);
    });
    const right = (n: number) => outcome(() => compile(call as never)(...tensors(n)));
    for (const n of [5, 4, 7]) {
      const expected = right(n);
      expect(expected, "it can be called so").toContain("data");
      expect(shown(g(...tensors(n)))).toBe(expected);
      expect(shown(looking(...tensors(n)))).toBe(expected);
    }
    // the first call is for its own sizes
    const compiled = (h: typeof g): number => new Set(h.compilations.slice(1).map((c) => c.types.join())).size;
    expect([compiled(g), compiled(looking)]).toEqual([1, 1]);
    // what does not name a size is given none: the library itself asks for dimensions
    if (!/\.shape|\.size|squeeze/.test(String(rows[name]?.[1]))) expect(traces).toBe(2);
    for (const n of [1, 0]) {
      expect(outcome(() => g(...tensors(n)))).toBe(right(n));
      expect(outcome(() => looking(...tensors(n)))).toBe(right(n));
    }
  });
});
