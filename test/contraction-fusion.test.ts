// What is fused with sums of products: how many contractions, nests and buffers programs have at the loop level.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuse, lowerToLoops, tile } from "../passes/index.ts";
import * as adjoint from "../src/index.ts";
import { type Block, type Module, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { everyWay } from "./backends.ts";
import { ordinary } from "./op-cases.ts";
import { runs } from "./support/runs.ts";

const cx = { ops: standardOps, fast: false };
const { add, compile, conv2d, exp, grad, matmul, maxPool, mean, mul, permuteDims, relu, sub, sum, tanh, valueAndGrad } =
  adjoint;

interface Found {
  readonly contractions: number;
  /** Loops that stand in no other and in no contraction. */
  readonly nests: number;
  readonly buffers: number;
}

function foundIn(module: Module): Found {
  const { body } = module.funcs[0];
  const count = (name: string): number => {
    let n = 0;
    walk(body, ({ op }) => void (n += op.name === name ? 1 : 0));
    return n;
  };
  const nests = (block: Block): number => block.operations.filter(({ op }) => op.name === "for").length;
  return { contractions: count("contract"), nests: nests(body), buffers: count("alloc") };
}

/** What stands at the loop level of a module, before contractions become loops. */
function lowered(module: Module): Found {
  return foundIn(lowerToLoops.run(fuse.run(module, cx), cx));
}

function found(f: Parameters<typeof compile>[0], types: readonly string[]): Found {
  const { log } = compile(f, types) as unknown as { log: { entries: readonly { pass: string; before: Module }[] } };
  const fused = log.entries.find((entry) => entry.pass === "fuse");
  if (fused === undefined) throw new Error("nothing was fused");
  return lowered(fused.before);
}

const layer = (x: adjoint.Tensor, w: adjoint.Tensor, b: adjoint.Tensor) => relu(add(matmul(x, w), b));
const types = ["f32[B, 40]", "f32[40, 24]", "f32[24]"];

describe("one contraction has", () => {
  it("bias and activation, and no buffer for the product", () => {
    expect(found(layer, types)).toEqual({ contractions: 1, nests: 0, buffers: 0 });
    const smooth = (x: adjoint.Tensor, w: adjoint.Tensor, b: adjoint.Tensor) => tanh(add(matmul(x, w), b));
    expect(found(smooth, types)).toEqual({ contractions: 1, nests: 0, buffers: 0 });
  });

  it("what it reads, computed where it is packed", () => {
    const f = (x: adjoint.Tensor, w: adjoint.Tensor, b: adjoint.Tensor) => add(matmul(exp(x), mul(w, w)), b);
    expect(found(f, types)).toEqual({ contractions: 1, nests: 0, buffers: 0 });
  });

  it("the sum itself, where something reads that too", () => {
    const f = (x: adjoint.Tensor, w: adjoint.Tensor, b: adjoint.Tensor) => {
      const z = add(matmul(x, w), b);
      return [matmul(x, w), z, relu(z)];
    };
    expect(found(f, types)).toEqual({ contractions: 1, nests: 0, buffers: 0 });
  });

  it("a residual and the update of a parameter", () => {
    const residual = (x: adjoint.Tensor, w: adjoint.Tensor) => add(x, relu(matmul(x, w)));
    expect(found(residual, ["f32[B, 40]", "f32[40, 40]"])).toEqual({ contractions: 1, nests: 0, buffers: 0 });
    const step = (w: adjoint.Tensor, x: adjoint.Tensor, ct: adjoint.Tensor) =>
      sub(w, mul(0.5, matmul(permuteDims(x, [1, 0]), ct)));
    expect(found(step, ["f32[40, 24]", "f32[B, 40]", "f32[B, 24]"])).toEqual({ contractions: 1, nests: 0, buffers: 0 });
  });

  it("the mask of a gradient: each product of two layers is one, and so is that of each gradient", () => {
    const f = (x: adjoint.Tensor, w: adjoint.Tensor, b: adjoint.Tensor, v: adjoint.Tensor) =>
      grad((w, b, v) => sum(matmul(layer(x, w, b), v)), { wrt: [0, 1, 2] })(w, b, v);
    // what the activation is of, and its gradient
    const { contractions, buffers } = found(f, [...types, "f32[24, 16]"]);
    expect({ contractions, buffers }).toEqual({ contractions: 4, buffers: 2 });
  });
});

describe("the mean squared error of a layer", () => {
  const error = (x: adjoint.Tensor, w: adjoint.Tensor, t: adjoint.Tensor) => {
    const d = sub(matmul(x, w), t);
    return mean(mul(d, d));
  };
  const of = ["f32[B, 40]", "f32[40, 24]", "f32[B, 24]"];

  it("has one buffer: the product, or the residual", () => {
    expect(found(error, of)).toEqual({ contractions: 1, nests: 1, buffers: 1 });
  });

  it("has none for the product beside the residual that its gradient reads", () => {
    const f = (x: adjoint.Tensor, w: adjoint.Tensor, t: adjoint.Tensor) => valueAndGrad((w) => error(x, w, t))(w);
    expect(found(f, of)).toEqual({ contractions: 2, nests: 1, buffers: 1 });
  });
});

it("a convolution has bias and activation, with what its gradient reads", () => {
  const f = (x: adjoint.Tensor, k: adjoint.Tensor, b: adjoint.Tensor) =>
    maxPool(relu(conv2d(x, k, b, { padding: "same" })), 2);
  const of = ["f32[B, H, W, 4]", "f32[3, 3, 4, 8]", "f32[8]"];
  expect(found(f, of)).toEqual({ contractions: 1, nests: 1, buffers: 1 });
});

describe("nothing joins sums", () => {
  const program = (...lines: readonly string[]): Module =>
    parse(`func @main<N>(%x: f32[N, 9], %y: f32[9, N], %v: f32[N]) -> f32[N, N] {
  %z = dot %x, %y, contract = [1] x [0] : f32[N, N]
${lines.map((line) => `  ${line}\n`).join("")}}
`);

  it("that needs others of them", () => {
    const module = program(
      "%most = reduce %z, kind = max, axes = [1] : f32[N]",
      "%all = broadcast %most, axes = [0] : f32[N, N]",
      "%less = sub %z, %all : f32[N, N]",
      "return %less",
    );
    expect(lowered(module).buffers).toBe(2);
  });

  it("that reads them at other subscripts", () => {
    const module = program(
      "%t = permute %z, permutation = [1, 0] : f32[N, N]",
      "%both = add %z, %t : f32[N, N]",
      "return %both",
    );
    expect(lowered(module)).toEqual({ contractions: 1, nests: 1, buffers: 1 });
  });
});

it("epilogues of every kind of contraction have the bits of the operations apart", () => {
  const f = (left: string, right: string, result: string, contract: string): string =>
    `func @main(%x: f32[${left}], %y: f32[${right}], %r: f32[${result}]) -> (f32[${result}], f32[${result}], bool[${result}]) {
  %z = dot %x, %y, contract = ${contract} : f32[${result}]
  %a = add %z, %r : f32[${result}]
  %t = tanh %a : f32[${result}]
  %zero = constant 0 : f32[${result}]
  %p = compare %a, %zero, direction = gt : bool[${result}]
  %m = mul %t, %r : f32[${result}]
  return %z, %m, %p
}
`;
  for (const [left, right, result, contract] of [
    ["13, 9", "9, 11", "13, 11", "[1] x [0]"],
    ["9, 130", "9", "130", "[0] x [0]"],
    ["130, 9", "9", "130", "[1] x [0]"],
    ["9, 70", "3, 9", "70, 3", "[0] x [1]"],
    ["2, 9", "9, 70", "2, 70", "[1] x [0]"],
  ]) {
    const text = f(left, right, result, contract);
    const module = tile.run(lowerToLoops.run(fuse.run(parse(text), cx), cx), cx);
    expect(foundIn(module).contractions).toBe(0);
    const shapes = [left, right, result].map((list) => list.split(", ").map(Number));
    everyWay(
      text,
      "main",
      shapes.map((shape, i) => ordinary("f32", shape, i + 1)),
    );
  }
});

/** One operation on square matrices, `%v` and its number: of two before, by their numbers. */
const steps: readonly ((to: string, a: string, b: string) => string)[] = [
  (to, a, b) => `  ${to} = add ${a}, ${b} : f32[N, N]\n`,
  (to, a, b) => `  ${to} = mul ${a}, ${b} : f32[N, N]\n`,
  (to, a) => `  ${to} = tanh ${a} : f32[N, N]\n`,
  (to, a) => `  ${to} = neg ${a} : f32[N, N]\n`,
  (to, a, b) => `  ${to} = dot ${a}, ${b}, contract = [1] x [0] : f32[N, N]\n`,
  (to, a, b) => `  ${to} = dot ${a}, ${b}, contract = [0] x [1] : f32[N, N]\n`,
  (to, a) => `  ${to} = permute ${a}, permutation = [1, 0] : f32[N, N]\n`,
  (to, a, b) => `  ${to}r = reduce ${a}, kind = max, axes = [1] : f32[N]
  ${to}w = broadcast ${to}r, axes = [0] : f32[N, N]
  ${to} = sub ${b}, ${to}w : f32[N, N]\n`,
  (to, a, b) => `  ${to}c = reduce ${a}, kind = sum, axes = [0] : f32[N]
  ${to}w = broadcast ${to}c, axes = [1] : f32[N, N]
  ${to} = minimum ${b}, ${to}w : f32[N, N]\n`,
];

const operand = fc.nat(9);
const chains = fc.tuple(
  fc.array(fc.tuple(fc.nat(steps.length - 1), operand, operand), { minLength: 2, maxLength: 9 }),
  fc.array(operand, { minLength: 1, maxLength: 3 }),
);

/** A program of steps, which gives its last value and some others. */
function programOf([chosen, results]: typeof chains extends fc.Arbitrary<infer T> ? T : never): string {
  const name = (i: number, of: number): string => `%v${i % of}`;
  const lines = chosen.map(([make, a, b], i) => steps[make](`%v${i + 2}`, name(a, i + 2), name(b, i + 2)));
  const count = chosen.length + 2;
  const given = [name(count - 1, count), ...results.map((r) => name(r, count))];
  const types = given.map(() => "f32[N, N]").join(", ");
  return `func @main<N>(%v0: f32[N, N], %v1: f32[N, N]) -> (${types}) {
${lines.join("")}  return ${given.join(", ")}
}
`;
}

it("random programs around products have the bits of the operations apart", () => {
  fc.assert(
    fc.property(chains, (chain) => {
      const args = (n: number) => [ordinary("f32", [n, n], 1), ordinary("f32", [n, n], 2)];
      for (const n of [1, 5]) everyWay(programOf(chain), "main", args(n));
    }),
    runs(40),
  );
  let more = 0;
  for (const chain of fc.sample(chains, { numRuns: 100, seed: 1 })) {
    const loops = lowerToLoops.run(fuse.run(parse(programOf(chain)), cx), cx);
    walk(loops.funcs[0].body, ({ op, regions }) => {
      if (op.name === "contract" && regions[3].operations.length > 1) more++;
    });
  }
  // many sums are not alone
  expect(more).toBeGreaterThan(15);
});
