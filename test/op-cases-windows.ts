// Uses of the ops whose window moves, for the table of op cases.

import { type Dim, type TensorType, tensorType, type Value } from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import type { OpCase } from "./op-cases.ts";

const f64 = (...shape: Dim[]): TensorType => tensorType("f64", shape);

/** The shapes of x and of the kernel, and the options. */
// biome-ignore format: a table one can see
const convolutions: readonly (readonly [readonly number[], readonly number[], ops.ConvOptions])[] = [
  [[2, 3, 5], [2, 3, 2], {}],
  [[1, 2, 6], [3, 2, 3], { strides: [2], low: [1], high: [2], kernelDilation: [2] }],
  [[1, 1, 7], [1, 1, 2], { strides: [3], low: [-1], high: [1] }],
  [[2, 1, 3], [1, 1, 3], { dilation: [2], low: [2], high: [-1], strides: [2] }],
  [[1, 2, 3, 4], [2, 2, 2, 3], { low: [1, 0], high: [0, 2], strides: [1, 2] }],
  [
    [2, 3, 4, 2],
    [2, 1, 2, 3],
    { xAxes: [0, 3, 1, 2], kernelAxes: [3, 2, 0, 1], resultAxes: [2, 3, 0, 1], low: [0, 1] },
  ],
  [[1, 4, 3], [6, 2, 2], { featureGroups: 2, high: [1] }],
  [[1, 3, 3], [3, 1, 2], { featureGroups: 3, xAxes: [0, 1, 2] }],
  [[2, 3, 4], [2, 2, 4], { featureGroups: 2, xAxes: [1, 2, 0], kernelAxes: [2, 0, 1], resultAxes: [1, 2, 0] }],
  [[4, 2, 3], [4, 2, 2], { batchGroups: 2, low: [1] }],
  [[3, 2, 4], [2, 2, 4], { batchGroups: 2, xAxes: [2, 1, 0], kernelAxes: [2, 0, 1], resultAxes: [2, 0, 1] }],
  // enough of everything for tiles
  [[2, 4, 7], [5, 4, 3], { low: [2], strides: [2], high: [2] }],
  [[1, 3, 3, 4], [4, 3, 2, 2], { dilation: [1, 2], low: [1, -1], high: [0, 1], resultAxes: [2, 0, 1, 3] }],
  [[1, 4, 10], [8, 2, 4], { featureGroups: 2, high: [2] }],
  [[4, 2, 6], [10, 2, 4], { batchGroups: 2, low: [2] }],
  [[2, 3], [4, 3], {}],
  [[1, 2, 0], [1, 2, 2], { low: [1], high: [1] }],
  [[0, 2, 3], [1, 2, 2], {}],
  [[1, 0, 3], [2, 0, 2], {}],
  [[1, 2, 1], [1, 2, 2], {}],
  [[1, 1, 3], [1, 1, 0], {}],
  [[1, 1, 2, 1, 3], [2, 1, 1, 1, 2], { strides: [2, 1, 1], low: [0, 0, 1] }],
];

/** The shape of x, and the window. */
// biome-ignore format: a table one can see
const pools: readonly (readonly [readonly number[], ops.WindowOptions])[] = [
  [[5], { window: [2] }],
  [[6], { window: [3], strides: [2], low: [1], high: [2] }],
  [[3, 4], { window: [2, 2], strides: [1, 2], low: [0, 1], high: [1, 1] }],
  [[7], { window: [3], windowDilation: [2], low: [-1], high: [1] }],
  [[3], { window: [2], baseDilation: [3], strides: [2], low: [1] }],
  [[1, 2, 4], { window: [1, 2, 3], high: [0, 0, -1] }],
  [[2], { window: [1], low: [2] }],
  [[0], { window: [2], high: [2] }],
  [[1], { window: [2] }],
  [[2], { window: [0] }],
  [[], { window: [] }],
];
/** Whether some places may have nothing but padding, whose extremum is infinite. */
const isOpen = ({ low = [], baseDilation = [] }: ops.WindowOptions): boolean =>
  low.includes(2) || baseDilation.includes(3);

const finite = (x: Value, is: boolean): Value => (is ? ops.select(ops.isFinite(x), x, ops.zerosLike(x)) : x);

/** The shape of x, the axis and whether in reverse. */
const runs: readonly (readonly [readonly number[], number, boolean])[] = [
  [[5], 0, false],
  [[4], 0, true],
  [[2, 3], 0, false],
  [[2, 3], 1, true],
  [[2, 3, 2], 1, true],
  [[3, 1], 0, true],
  [[0], 0, false],
  [[2, 0], 0, false],
  [[0, 2], 0, true],
  [[1], 0, false],
];

const poolKinds = ["sum", "prod", "max", "min"] as const;

export const windowCases: readonly OpCase[] = [
  ...convolutions.map(([x, kernel, options]) => ({
    name: `conv ${JSON.stringify(options)} of ${x} and ${kernel}`,
    types: [f64(...x), f64(...kernel)],
    build: (a: Value, b: Value) => ops.conv(a, b, options),
  })),
  ...pools.flatMap(([shape, options]) =>
    poolKinds.map((kind) => ({
      name: `reduce_window ${kind} ${JSON.stringify(options)} of ${shape}`,
      types: [f64(...shape)],
      build: (x: Value) => finite(ops.reduceWindow(x, { kind, ...options }), isOpen(options) && kind.startsWith("m")),
    })),
  ),
  ...pools.flatMap(([shape, options]) =>
    (["max", "min"] as const).map((kind) => ({
      name: `arg_reduce_window ${kind} ${JSON.stringify(options)} of ${shape} in a product`,
      types: [f64(...shape)],
      build: (x: Value) => {
        const at = ops.cast(ops.argReduceWindow(x, { kind, ...options }), "f64");
        return ops.mul(at, ops.reduceWindow(ops.mul(x, x), { kind: "sum", ...options }));
      },
    })),
  ),
  ...poolKinds.flatMap((kind) =>
    runs.map(([shape, axis, reverse]) => ({
      name: `cumulative ${kind} along ${axis} of ${shape}${reverse ? ", reversed" : ""}`,
      types: [f64(...shape)],
      build: (x: Value) => ops.cumulative(x, { kind, axis, reverse }),
    })),
  ),
];
