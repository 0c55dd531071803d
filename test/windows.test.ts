// Convolutions and windows of sizes known only at run time: the bits of fixed sizes, derivatives and batches included.

import { describe, expect, it } from "vitest";
import { differentiate } from "../passes/index.ts";
import { batch } from "../passes/tensor/batch.ts";
import { interpret } from "../src/backend/index.ts";
import {
  buildFunc,
  collectSymbols,
  type Dim,
  type Func,
  findFunc,
  makeModule,
  mulDims,
  rankedOf,
  type Signature,
  signatureOf,
  symbol,
  type TensorType,
  type Type,
  tensorType,
  type Value,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { compileJs } from "./backends.ts";
import { ordinary } from "./op-cases.ts";

const context = { ops: ops.standardOps, fast: false };
const [N, C, H, W] = ["N", "C", "H", "W"].map((name) => symbol(name));

interface Sized {
  readonly name: string;
  /** The shapes of the operands for these sizes. */
  readonly shapes: (n: Dim, c: Dim, h: Dim, w: Dim) => readonly (readonly Dim[])[];
  readonly build: (x: Value, y: Value) => Value;
  /** Values of N, C, H and W. */
  readonly sizes: readonly (readonly [number, number, number, number])[];
}

const featuresOf = (x: Value): Dim => (x.type as TensorType).shape[1];
const usual: Sized["sizes"] = [
  [2, 3, 4, 3],
  [1, 1, 1, 1],
];
const withEmpty: Sized["sizes"] = [...usual, [0, 2, 3, 3], [2, 2, 0, 3]];
const oneKernel: Sized["shapes"] = (n, c, h, w) => [
  [n, c, h, w],
  [5, c, 3, 3],
];

const cases: readonly Sized[] = [
  {
    name: "conv that keeps the size",
    shapes: oneKernel,
    build: (x, k) => ops.conv(x, k, { low: [1, 1], high: [1, 1] }),
    sizes: withEmpty,
  },
  {
    name: "conv with strides",
    shapes: oneKernel,
    build: (x, k) => ops.conv(x, k, { strides: [2, 3], low: [1, 2], high: [1, 0] }),
    sizes: [...usual, [2, 1, 2, 2]],
  },
  {
    name: "conv with holes",
    shapes: oneKernel,
    build: (x, k) => ops.conv(x, k, { dilation: [2, 1], kernelDilation: [1, 2], low: [1, 2], high: [1, 2] }),
    sizes: withEmpty,
  },
  {
    name: "conv by feature",
    shapes: (n, c, h, w) => [
      [n, c, h, w],
      [c, 1, 2, 2],
    ],
    build: (x, k) => ops.conv(x, k, { featureGroups: featuresOf(x), high: [1, 1] }),
    sizes: withEmpty,
  },
  {
    name: "conv in groups of unknown size",
    shapes: (n, c, h, w) => [
      [n, mulDims(2, c), h, w],
      [mulDims(4, c), c, 2, 1],
    ],
    build: (x, k) => ops.conv(x, k, { featureGroups: 2, high: [1, 0] }),
    sizes: usual,
  },
  {
    name: "conv in groups of the batch",
    shapes: (n, c, h, w) => [
      [mulDims(2, n), c, h, w],
      [mulDims(2, c), c, 1, n],
    ],
    build: (x, k) => ops.conv(x, k, { batchGroups: 2, low: [0, 1] }),
    sizes: withEmpty,
  },
  {
    name: "conv in another layout",
    shapes: (n, c, h, w) => [
      [n, h, w, c],
      [3, 2, c, 2],
    ],
    build: (x, k) =>
      ops.conv(x, k, {
        low: [1, 1],
        high: [2, 1],
        xAxes: [0, 3, 1, 2],
        kernelAxes: [3, 2, 0, 1],
        resultAxes: [0, 3, 1, 2],
      }),
    sizes: withEmpty,
  },
  {
    name: "conv with a kernel of any size",
    shapes: (n, c, h, w) => [
      [n, c, 9, 8],
      [2, c, h, w],
    ],
    build: (x, k) => ops.conv(x, k, { strides: [1, 2] }),
    sizes: withEmpty,
  },
  ...(["sum", "prod", "max", "min"] as const).flatMap((kind): readonly Sized[] => [
    {
      name: `reduce_window ${kind}`,
      shapes: (n, _, h, w) => [[n, h, w]],
      build: (x) =>
        ops.reduceWindow(x, { kind, window: [1, 2, 3], strides: [1, 2, 1], low: [0, 1, 1], high: [0, 1, 1] }),
      sizes: [...usual, [2, 1, 0, 2], [0, 1, 3, 3]],
    },
    {
      name: `cumulative ${kind}`,
      shapes: (n, _, h, w) => [[n, h, w]],
      build: (x) => ops.cumulative(ops.cumulative(x, { kind, axis: 1 }), { kind, axis: 2, reverse: true }),
      sizes: withEmpty,
    },
  ]),
];

type Shape = readonly Dim[];

/** @f is the case, @g its cotangents, @h those of @g, and @mapped is @h over a batch. */
function moduleOf({ shapes, build }: Sized, [n, c, h, w]: readonly Dim[], size: Dim) {
  const signatures = new Map<string, Signature>();
  const funcs: Func[] = [];
  const add = (name: string, types: readonly Type[], body: (...x: Value[]) => readonly Value[]): Signature => {
    const used = [
      ...types.reduce((all, t) => rankedOf(t).shape.reduce((to, d) => collectSymbols(d, to), all), new Set<string>()),
    ];
    const func = buildFunc({ name, symbols: used, signature: (s) => signatures.get(s) ?? null }, types, body);
    funcs.push(func);
    signatures.set(name, signatureOf(func));
    return signatureOf(func);
  };
  const types = shapes(n, c, h, w).map((shape: Shape) => tensorType("f64", shape));
  const back =
    (of: Signature) =>
    (...x: Value[]) => {
      const count = of.arguments.length;
      return ops.vjp(of, x.slice(0, count), x.slice(count)).slice(of.results.length);
    };
  const f = add("f", types, (...x) => [build(x[0], x[1])]);
  const g = add("g", [...types, ...f.results], back(f));
  const second = add("h", [...g.arguments, ...g.results], back(g));
  const batched = second.arguments.map((t) => tensorType("f64", [size, ...rankedOf(t).shape]));
  add("mapped", batched, (...x) =>
    ops.vmap(
      second,
      x,
      batched.map((_, i) => i),
    ),
  );
  return differentiate.run(batch.run(makeModule(funcs), context), context);
}

const batchSize = 2;

describe("any sizes give the bits of fixed sizes, derivatives and batches included", () => {
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const open = moduleOf(c, [N, C, H, W], symbol("B"));
    const names = ["f", "g", "h", "mapped"];
    const compiled = new Map(names.map((name) => [name, compileJs(open, name)]));
    for (const sizes of c.sizes) {
      const fixed = moduleOf(c, sizes, batchSize);
      for (const name of names) {
        const { arguments: types } = signatureOf(findFunc(fixed, name) as Func);
        const args = types.map((t, i) => ordinary("f64", rankedOf(t).shape as readonly number[], i + 3));
        const expected = interpret(fixed, name, args);
        expect(interpret(open, name, args), `${name} at ${sizes}`).toEqual(expected);
        expect(compiled.get(name)?.run(args), `${name} at ${sizes}, compiled`).toEqual(expected);
      }
    }
  });
});
