// Activations of a·b + c with their gradients: one sweep reads a, b and c and writes every gradient, with no memory between;
// where c is broadcast, the sum that is its gradient is taken on the way.

import { expect, it } from "vitest";
import { loopPipeline } from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  add,
  compile,
  div,
  elu,
  exp,
  gelu,
  log1p,
  mul,
  relu,
  sigmoid,
  silu,
  softplus,
  square,
  sum,
  type Tensor,
  tanh,
  valueAndGrad,
  vjp,
} from "../src/index.ts";
import { type Module, type Operation, shapeOf, type Value, walk } from "../src/ir/index.ts";
import { allocOp, parse } from "../src/ops/index.ts";

type Activation = (x: Tensor) => Tensor;

const activations: Readonly<Record<string, Activation>> = {
  gelu: (x) => gelu(x),
  "gelu by tanh": (x) => gelu(x, { approximate: "tanh" }),
  silu: (x) => silu(x),
  softplus: (x) => softplus(x),
  mish: (x) => mul(x, tanh(softplus(x))),
  sigmoid: (x) => sigmoid(x),
  tanh: (x) => tanh(x),
  relu: (x) => relu(x),
  elu: (x) => elu(x),
  "hard swish, smoothly": (x) => mul(x, sigmoid(mul(1.702, x))),
  "a rational one": (x) => div(x, add(1, square(x))),
  "of exponentials": (x) => log1p(exp(mul(-1, square(x)))),
};

function lowered(f: (...x: Tensor[]) => unknown, types: readonly string[]): Module {
  const compiled = compile(f as never, types as never) as unknown as { readonly ir: string };
  const pipeline = loopPipeline.without("outline-ranges").without("outline-parts");
  return runPasses(parse(compiled.ir), pipeline).module;
}

const sizeOf = (v: Value): number => shapeOf(v).reduce<number>((size, d) => size * Number(d), 1);

/** The loops that stand in no other and read a matrix, perhaps as one row: sweeps of it. */
function sweepsIn({ funcs: [{ body }] }: Module): number {
  const isSweep = (operation: Operation): boolean => {
    let reads = false;
    for (const region of operation.regions) {
      walk(region, (o) => {
        reads ||= o.op.name === "load" && sizeOf(o.operands[0]) === 40 * 24;
      });
    }
    return operation.op.loop !== null && reads;
  };
  return body.operations.filter(isSweep).length;
}

function scratchIn({ funcs: [{ body }] }: Module): number {
  let elements = 0;
  walk(body, ({ op, results }) => {
    if (op === allocOp) elements += sizeOf(results[0]);
  });
  return elements;
}

const matrix = "f32[40, 24]";
const shapes = { "c of every element": matrix, "c of a row": "f32[24]", "c of a column": "f32[40, 1]", "one c": "f32" };

const cases = Object.entries(activations).flatMap(([name, of]) =>
  Object.entries(shapes).map(([which, c]) => [`${name}, ${which}`, of, c] as const),
);

it.each(cases)("%s: one sweep for the value and all gradients", (_, of, c) => {
  const f = (a: Tensor, b: Tensor, d: Tensor, ct: Tensor): unknown =>
    vjp((...x: Tensor[]) => of(add(mul(x[0], x[1]), x[2])))([a, b, d], ct);
  const module = lowered(f, [matrix, matrix, c, matrix]);
  expect({ sweeps: sweepsIn(module), scratch: scratchIn(module) }).toEqual({ sweeps: 1, scratch: 0 });
});

// of a size that is not known, the tail of the sum stands between what is swept together
it.each(Object.entries(activations))("%s: its sum, in the order of a sum, takes one more", (_, of) => {
  const f = (a: Tensor, b: Tensor, c: Tensor): unknown =>
    valueAndGrad((...x: Tensor[]) => sum(of(add(mul(x[0], x[1]), x[2]))), { wrt: [0, 1, 2] })(a, b, c);
  for (const type of [matrix, "f32[N]"]) {
    const [{ body }] = lowered(f, [type, type, type]).funcs;
    expect(body.operations.filter(({ op }) => op.loop !== null).length, type).toBeLessThanOrEqual(2);
  }
});
