// Rows of softmax, of normalisation and of their gradients: how often one is swept, and what memory there is beside results.

import { expect, it } from "vitest";
import { loopPipeline } from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  add,
  compile,
  crossEntropy,
  div,
  exp,
  layerNorm,
  logSoftmax,
  max,
  min,
  mul,
  rsqrt,
  softmax,
  sub,
  sum,
  type Tensor,
  vjp,
} from "../src/index.ts";
import { type Block, type Operation, shapeOf, walk } from "../src/ir/index.ts";
import { allocOp, parse } from "../src/ops/index.ts";

/** The loops of a function one behind another, each by the number of those in it, and the elements of memory beside results. */
interface Rows {
  readonly sweeps: readonly number[];
  readonly scratch: number;
}

function loopsOf({ operations }: Block): readonly Operation[] {
  return operations.filter(({ op }) => op.loop !== null);
}

/** Of functions whose loops have the lengths that they run with: outlining comes later. */
function rowsOf(f: (...x: Tensor[]) => unknown, types: readonly string[]): Rows {
  const compiled = compile(f as never, types as never) as unknown as { readonly ir: string };
  const pipeline = loopPipeline.without("outline-ranges").without("outline-parts");
  const { module } = runPasses(parse(compiled.ir), pipeline, { check: "validate" });
  const [{ body }] = module.funcs;
  let scratch = 0;
  walk(body, ({ op, results }) => {
    if (op === allocOp) scratch += shapeOf(results[0]).reduce<number>((size, d) => size * Number(d), 1);
  });
  return { sweeps: loopsOf(body).map(({ regions: [region] }) => loopsOf(region).length), scratch };
}

const [matrix, row] = ["f32[64, 70]", "f32[70]"];
const alongRows = { axes: [1], keepDims: true };

function rms(x: Tensor, gain: Tensor): Tensor {
  return mul(mul(x, rsqrt(add(div(sum(mul(x, x), alongRows), 70), 1e-5))), gain);
}

const cases: readonly (readonly [string, (...x: Tensor[]) => unknown, readonly string[], Rows])[] = [
  ["softmax", (x) => softmax(x), [matrix], { sweeps: [3], scratch: 0 }],
  ["log-softmax", (x) => logSoftmax(x), [matrix], { sweeps: [3], scratch: 0 }],
  ["softmax by hand", (x) => div(exp(x), sum(exp(x), alongRows)), [matrix], { sweeps: [2], scratch: 0 }],
  [
    "the gradient of softmax, of its result",
    (y, w) => mul(y, sub(w, sum(mul(y, w), alongRows))),
    [matrix, matrix],
    { sweeps: [2], scratch: 0 },
  ],
  // the results are written while their sum is taken
  [
    "softmax with its gradient",
    (x, w) => vjp(softmax as never)([x] as never, w as never),
    [matrix, matrix],
    { sweeps: [4], scratch: 0 },
  ],
  ["layer norm", (x, g, b) => layerNorm(x, g, b), [matrix, row, row], { sweeps: [3], scratch: 0 }],
  ["standardisation", (x) => layerNorm(x, null, null), [matrix], { sweeps: [3], scratch: 0 }],
  ["RMS norm", rms, [matrix, row], { sweeps: [2], scratch: 0 }],
  [
    "a sum and a sum of squares",
    (x) => [sum(x, { axes: [1] }), sum(mul(x, x), { axes: [1] })],
    [matrix],
    { sweeps: [1], scratch: 0 },
  ],
  ["the least and the largest of all", (x) => [min(x), max(x)], [matrix], { sweeps: [1], scratch: 0 }],
  [
    "sums of columns",
    (x, y) => [sum(x, { axes: [0] }), sum(mul(x, y), { axes: [0] })],
    [matrix, matrix],
    { sweeps: [1], scratch: 0 },
  ],
];

it.each(cases)("%s", (_, f, types, expected) => {
  expect(rowsOf(f, types)).toEqual(expected);
});

it("cross entropy needs a row beside what it takes the mean of", () => {
  const loss = (x: Tensor, labels: Tensor): Tensor => crossEntropy(x, labels) as Tensor;
  expect(rowsOf(loss, [matrix, "i32[64]"]).scratch).toBeLessThan(64 + 71);
});
