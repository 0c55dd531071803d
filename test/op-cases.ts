// Uses of the tensor ops that compute, with attributes, shapes and subscripts that random uses seldom have together: types of
// the operands and how the operation is built on them. The checks of derivatives and of batching take this table as a corpus.

import { interpret } from "../src/backend/index.ts";
import {
  axisPairs,
  buildFunc,
  Dense,
  type Dim,
  type DType,
  dtypes,
  type Func,
  type Module,
  makeModule,
  type NdArray,
  type Signature,
  signatureOf,
  sizeOf,
  type TensorType,
  tensorType,
  type Value,
  verify,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { linearCases } from "./op-cases-linear.ts";
import { windowCases } from "./op-cases-windows.ts";

export interface OpCase {
  readonly name: string;
  readonly types: readonly TensorType[];
  readonly build: (...x: Value[]) => Value;
}

const f64 = (...shape: Dim[]): TensorType => tensorType("f64", shape);
const i32 = (...shape: Dim[]): TensorType => tensorType("i32", shape);
const bool = (...shape: Dim[]): TensorType => tensorType("bool", shape);

function one(name: string, type: TensorType, build: (x: Value) => Value): OpCase {
  return { name: `${name} ${type.shape}`, types: [type], build };
}

function two(name: string, left: TensorType, right: TensorType, build: (x: Value, y: Value) => Value): OpCase {
  return { name: `${name} ${left.shape} and ${right.shape}`, types: [left, right], build };
}

// biome-ignore format: a table one can see
const unary: readonly (readonly [string, (x: Value) => Value])[] = [
  ["neg", ops.neg], ["abs", ops.abs], ["sign", ops.sign], ["floor", ops.floor],
  ["ceil", ops.ceil], ["round", ops.round], ["trunc", ops.trunc],
  ["exp", ops.exp], ["exp2", ops.exp2], ["expm1", ops.expm1], ["logistic", ops.logistic],
  ["log", ops.log], ["log2", ops.log2], ["log10", ops.log10], ["log1p", ops.log1p],
  ["sqrt", ops.sqrt], ["rsqrt", ops.rsqrt], ["cbrt", ops.cbrt],
  ["sin", ops.sin], ["cos", ops.cos], ["tan", ops.tan],
  ["asin", ops.asin], ["acos", ops.acos], ["atan", ops.atan],
  ["sinh", ops.sinh], ["cosh", ops.cosh], ["tanh", ops.tanh],
  ["asinh", ops.asinh], ["acosh", ops.acosh], ["atanh", ops.atanh],
  ["erf", ops.erf], ["erfc", ops.erfc], ["erfinv", ops.erfinv],
  ["I0", (x) => ops.besselI(x, { order: 0 })], ["I2", (x) => ops.besselI(x, { order: 2 })],
  ["scaled I1", (x) => ops.besselI(x, { order: 1, scaled: true })],
  ["lgamma", ops.lgamma], ["digamma", ops.digamma],
  ["polygamma 0", (x) => ops.polygamma(x, 0)], ["polygamma 2", (x) => ops.polygamma(x, 2)],
];

// biome-ignore format: a table one can see
const binary: readonly (readonly [string, (x: Value, y: Value) => Value])[] = [
  ["add", ops.add], ["sub", ops.sub], ["mul", ops.mul], ["div", ops.div],
  ["rem", ops.rem], ["pow", ops.pow],
  ["pow_derivative 1", (x, y) => ops.powDerivative(x, y, 1)],
  ["pow_derivative 3", (x, y) => ops.powDerivative(x, y, 3)], ["hypot", ops.hypot], ["atan2", ops.atan2],
  ["maximum", ops.maximum], ["minimum", ops.minimum],
  ["copysign", ops.copysign], ["nextafter", ops.nextafter],
];

const kinds = ["sum", "prod", "max", "min"] as const;
const reductions: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[4], [0]],
  [[3, 4], [0]],
  [[3, 4], [1]],
  [
    [3, 4],
    [1, 0],
  ],
  [
    [2, 3, 2],
    [0, 2],
  ],
  [[2, 3, 2], [1]],
  [[19], [0]],
  [[2, 0], [1]],
  [[0, 2], [1]],
  [[1, 3], [0]],
];

const contractions: readonly (readonly [
  readonly number[],
  readonly number[],
  readonly [readonly number[], readonly number[]],
  readonly [readonly number[], readonly number[]],
])[] = [
  [
    [2, 3],
    [3, 4],
    [[1], [0]],
    [[], []],
  ],
  [
    [3, 2],
    [4, 3],
    [[0], [1]],
    [[], []],
  ],
  [[3], [3], [[0], [0]], [[], []]],
  [[2], [3], [[], []], [[], []]],
  [
    [2, 3, 4],
    [4, 2, 5],
    [[2], [0]],
    [[0], [1]],
  ],
  [
    [2, 3, 4],
    [3, 5, 2],
    [
      [1, 0],
      [0, 2],
    ],
    [[], []],
  ],
  [
    [2, 3, 2],
    [2, 3, 2],
    [[], []],
    [
      [2, 0],
      [0, 2],
    ],
  ],
  [
    [2, 0],
    [0, 3],
    [[1], [0]],
    [[], []],
  ],
];

const padAll = ([low, high, interior]: readonly (readonly number[])[]) => ({ low, high, interior });

const slices: readonly (readonly [readonly number[], ops.Box])[] = [
  [[5], { start: [1], limit: [4] }],
  [[7], { start: [1], limit: [7], strides: [3] }],
  [[3], { start: [2], limit: [2], strides: [2] }],
  [[1], { start: [0], limit: [1], strides: [9] }],
  [[3, 5], { start: [1, 0], limit: [3, 5], strides: [1, 2] }],
  [[0, 2], { start: [0, 1], limit: [0, 2] }],
  [[], { start: [], limit: [] }],
];

/** The shape, then low, high and interior. */
const paddings: readonly (readonly (readonly number[])[])[] = [
  [[3], [1], [2], [0]],
  [[3], [1], [0], [2]],
  [[4], [-1], [-1], [0]],
  [[4], [-2], [-4], [2]],
  [[2], [-5], [6], [3]],
  [[2], [6], [-5], [1]],
  [[0], [2], [1], [2]],
  [[1], [0], [0], [4]],
  [
    [2, 3],
    [1, -1],
    [0, 2],
    [1, 0],
  ],
];

const integers = (shape: readonly number[], data: readonly number[]): Value =>
  ops.constant(new Dense({ dtype: "i32", shape, data: Int32Array.from(data) }), tensorType("i32", shape));

/** Indices, and how they select windows; with the extents of the windows these are the numbers of gather. */
interface Selection {
  readonly name: string;
  readonly x: readonly number[];
  readonly indices: readonly [shape: readonly number[], data: readonly number[]];
  readonly windowAxes: readonly number[];
  readonly droppedAxes: readonly number[];
  readonly rest: Pick<ops.GatherNumbers, "batchAxes" | "indexBatchAxes" | "indexMap" | "indexAxis">;
  readonly sizes: readonly number[];
  /** The shape of gather's result, of scatter's updates. */
  readonly whole: readonly number[];
}

// biome-ignore format: a table one can see
const selections: readonly Selection[] = [
  { name: "elements", x: [4], indices: [[3], [2, 0, 2]], windowAxes: [], droppedAxes: [0], rest: { indexMap: [0], indexAxis: 1 }, sizes: [1], whole: [3] },
  { name: "one element", x: [4], indices: [[], [2]], windowAxes: [], droppedAxes: [0], rest: { indexMap: [0], indexAxis: 0 }, sizes: [1], whole: [] },
  { name: "rows", x: [3, 2], indices: [[2, 1], [1, 0]], windowAxes: [1], droppedAxes: [0], rest: { indexMap: [0], indexAxis: 1 }, sizes: [1, 2], whole: [2, 2] },
  { name: "columns before the batch", x: [2, 3], indices: [[2], [1, 1]], windowAxes: [0], droppedAxes: [1], rest: { indexMap: [1], indexAxis: 1 }, sizes: [2, 1], whole: [2, 2] },
  { name: "corners of windows", x: [3, 3], indices: [[2, 2], [0, 1, 1, 0]], windowAxes: [1, 2], droppedAxes: [], rest: { indexMap: [1, 0], indexAxis: 0 }, sizes: [2, 2], whole: [2, 2, 2] },
  { name: "along rows", x: [2, 3], indices: [[2, 2], [2, 2, 0, 1]], windowAxes: [], droppedAxes: [1], rest: { batchAxes: [0], indexBatchAxes: [0], indexMap: [1], indexAxis: 2 }, sizes: [1, 1], whole: [2, 2] },
  { name: "nothing", x: [3], indices: [[0], []], windowAxes: [], droppedAxes: [0], rest: { indexMap: [0], indexAxis: 1 }, sizes: [1], whole: [0] },
  { name: "some outside", x: [3], indices: [[3], [-1, 1, 2]], windowAxes: [1], droppedAxes: [], rest: { indexMap: [0], indexAxis: 1 }, sizes: [2], whole: [3, 2] },
];

const alone = { indexMap: [0], indexAxis: 1, mode: "clamp" } as const;
const rowsAt = (x: Value, i: Value): Value =>
  ops.gather(x, i, { ...alone, offsetAxes: [1], collapsedAxes: [0], sizes: [1, 2] });
const addAt = (x: Value, i: Value, u: Value): Value =>
  ops.scatter(x, i, u, { ...alone, updateAxes: [], insertedAxes: [0], kind: "add" });

const gatherModes = (name: string) => (name === "some outside" ? (["clamp", "fill"] as const) : (["fail"] as const));
const scatterModes = (name: string) => (name === "some outside" ? (["clamp", "drop"] as const) : (["fail"] as const));

const gathers = selections.flatMap(({ name, x, indices, windowAxes, droppedAxes, rest, sizes }) =>
  gatherModes(name).map((mode) =>
    one(`gather ${name} (${mode}) of`, f64(...x), (v) =>
      ops.gather(v, integers(...indices), { ...rest, offsetAxes: windowAxes, collapsedAxes: droppedAxes, sizes, mode }),
    ),
  ),
);

const scatterKinds = ["set", "add", "max", "min"] as const;
const scatters = selections.flatMap(({ name, x, indices, windowAxes, droppedAxes, rest, whole }) => {
  const numbers = { ...rest, updateAxes: windowAxes, insertedAxes: droppedAxes };
  const scatter = (kind: ops.ScatterKind, mode: ops.ScatterMode, unique = false) =>
    two(`scatter ${kind} ${name} (${mode}) in`, f64(...x), f64(...whole), (v, u) =>
      ops.scatter(v, integers(...indices), u, { ...numbers, kind, mode, unique }),
    );
  const all = scatterModes(name).flatMap((mode) => scatterKinds.map((kind) => scatter(kind, mode)));
  return ["one element", "rows"].includes(name) ? [...all, scatter("mul", "fail", true)] : all;
});

const boxes: readonly (readonly [shape: readonly number[], starts: readonly number[], sizes: readonly number[]])[] = [
  [[5], [1], [2]],
  [[5], [4], [3]],
  [
    [3, 4],
    [-2, 1],
    [2, 2],
  ],
  [[3], [1], [0]],
  [[], [], []],
];
const startsOf = (starts: readonly number[]): readonly Value[] => starts.map((n) => integers([], [n]));

export const opCases: readonly OpCase[] = [
  ...unary.flatMap(([name, f]) => [f64(), f64(2, 3), f64(0)].map((type) => one(name, type, f))),
  ...binary.flatMap(([name, f]) => [f64(), f64(2, 3)].map((type) => two(name, type, type, f))),
  { name: "clamp", types: [f64(4), f64(4), f64(4)], build: ops.clamp },
  { name: "clamp crossed", types: [f64(4), f64(4)], build: (x, y) => ops.clamp(ops.exp(x), y, x) },
  one("where finite", f64(3), (x) => ops.select(ops.isFinite(x), ops.mul(x, x), x)),
  one("where not NaN", f64(3), (x) => ops.select(ops.isNan(x), x, ops.mul(x, x))),
  { name: "select", types: [bool(2, 3), f64(2, 3), f64(2, 3)], build: ops.select },
  { name: "select both", types: [bool(4), f64(4)], build: (p, x) => ops.select(p, ops.mul(x, x), x) },
  one("broadcast", f64(), (x) => ops.broadcast(x, [2, 3])),
  one("broadcast", f64(3), (x) => ops.broadcast(x, [3, 2], [0])),
  one("broadcast crosswise", f64(2, 3), (x) => ops.broadcast(x, [3, 4, 2], [2, 0])),
  one("broadcast to nothing", f64(2), (x) => ops.broadcast(x, [0, 2], [1])),
  one("reshape", f64(2, 6), (x) => ops.reshape(x, [3, 1, 4])),
  one("reshape", f64(1), (x) => ops.reshape(x, [])),
  one("permute", f64(2, 3, 4), (x) => ops.permute(x, [2, 0, 1])),
  one("reverse", f64(5), (x) => ops.reverse(x, [0])),
  one("reverse", f64(2, 3, 2), (x) => ops.reverse(x, [2, 0])),
  one("reverse", f64(0, 2), (x) => ops.reverse(x, [0, 1])),
  ...slices.map(([shape, box]) => one(`slice ${JSON.stringify(box)} of`, f64(...shape), (x) => ops.slice(x, box))),
  ...paddings.map(([shape, ...lists]) =>
    two(`pad by ${JSON.stringify(lists)}`, f64(...shape), f64(), (x, v) => ops.pad(x, padAll(lists), v)),
  ),
  ...gathers,
  ...scatters,
  ...boxes.map(([shape, starts, sizes]) =>
    one(`dynamic_slice ${sizes} at ${starts} of`, f64(...shape), (x) => ops.dynamicSlice(x, startsOf(starts), sizes)),
  ),
  ...boxes.map(([shape, starts, sizes]) =>
    two(`dynamic_update_slice at ${starts} of`, f64(...shape), f64(...sizes), (x, u) =>
      ops.dynamicUpdateSlice(x, u, startsOf(starts)),
    ),
  ),
  { name: "gather by operands", types: [f64(4, 2), i32(3)], build: rowsAt },
  { name: "scatter by operands", types: [f64(4), i32(3), f64(3)], build: addAt },
  two("concatenate along 0", f64(2, 3), f64(1, 3), (x, y) => ops.concatenate([x, y], 0)),
  two("concatenate along 1", f64(2, 1), f64(2, 3), (x, y) => ops.concatenate([x, y], 1)),
  two("concatenate with nothing", f64(2), f64(0), (x, y) => ops.concatenate([x, y, x], 0)),
  ...[1, 2, 3, 5].map((count) =>
    one(`concatenate ${count} times`, f64(2), (x) => ops.concatenate(Array.from({ length: count }, () => x))),
  ),
  { name: "concatenate five", types: [1, 2, 0, 3, 1].map((n) => f64(n)), build: (...x) => ops.concatenate(x) },
  ...(["max", "min"] as const).flatMap((kind) =>
    [0, 1].map((axis) =>
      one(`arg_reduce ${kind} over ${axis} in a product`, f64(3, 2), (x) => {
        const at = ops.cast(ops.argReduce(x, { kind, axis }), "f64");
        return ops.mul(at, ops.reduceSum(ops.mul(x, x), [axis]));
      }),
    ),
  ),
  ...kinds.flatMap((kind) =>
    reductions.map(([shape, axes]) =>
      one(`reduce ${kind} over ${axes} of`, f64(...shape), (x) => ops.reduce(x, { kind, axes })),
    ),
  ),
  ...contractions.map(([left, right, contract, batch]) =>
    two("dot", f64(...left), f64(...right), (x, y) =>
      ops.dot(x, y, { contract: axisPairs(...contract), batch: axisPairs(...batch) }),
    ),
  ),
  ...windowCases,
  ...linearCases,
];

/** A module of functions that may call the ones before. */
export class Functions {
  readonly #funcs: Func[] = [];

  add(
    name: string,
    types: readonly TensorType[],
    body: (...x: Value[]) => readonly Value[],
    visibility: "public" | "private" = "public",
  ): Signature {
    const signature = (callee: string): Signature | null => {
      const found = this.#funcs.find((f) => f.name === callee);
      return found === undefined ? null : signatureOf(found);
    };
    const func = buildFunc({ name, visibility, signature }, types, body);
    this.#funcs.push(func);
    return signatureOf(func);
  }

  module(): Module {
    const module = makeModule(this.#funcs);
    verify(module);
    return module;
  }
}

/** Runs what `body` builds on these arrays. */
export function runOn(args: readonly NdArray[], body: (...x: Value[]) => readonly Value[]): readonly NdArray[] {
  const functions = new Functions();
  functions.add(
    "f",
    args.map((a) => tensorType(a.dtype, a.shape)),
    body,
  );
  return interpret(functions.module(), "f", args);
}

/** Numbers between -2 and 2, away from 0 and from each other, the same for the same seed. */
export function ordinary(dtype: DType, shape: readonly number[], seed: number): NdArray {
  const data = new dtypes[dtype].array(sizeOf(shape));
  let state = seed * 7919 + 17;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const unit = state / 2 ** 32;
    data[i] = dtype === "bool" ? state >>> 31 : (unit < 0.5 ? -1 : 1) * (0.3 + 1.7 * ((unit * 2) % 1));
  }
  return { dtype, shape, data };
}
