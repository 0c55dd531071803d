// The library: values from the definitions in plain JavaScript, edges, and that what its docstrings say is so.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { grad, type Tensor, tensor } from "../src/index.ts";

const folder = fileURLToPath(new URL("../src/library", import.meta.url));

interface Example {
  readonly name: string;
  readonly expression: string;
  readonly value: string;
}

/** `@example f(x) // value`, in every docstring of the library. */
const examples: readonly Example[] = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) =>
    [...readFileSync(`${folder}/${file}`, "utf8").matchAll(/@example (.*?) \/\/ (.*?)(?: \*\/)?$/gm)].map(
      ([, expression, value]) => ({ name: `${file}: ${expression}`, expression, value }),
    ),
  );

const names = Object.keys(adjoint).filter((name) => /^[a-z]\w*$/.test(name));

function evaluated(expression: string): unknown {
  const run = new Function(...names, `return ${expression};`);
  return plain(run(...names.map((name) => (adjoint as Record<string, unknown>)[name])));
}

function plain(x: unknown): unknown {
  return x instanceof adjoint.Tensor ? x.toArray() : Array.isArray(x) ? x.map(plain) : x;
}

/** Equal but for the last digits. */
function expectNear(got: unknown, expected: unknown, tolerance = 1e-12): void {
  const flat = (x: unknown): unknown[] => (Array.isArray(x) ? x.flatMap(flat) : [x]);
  expect(JSON.stringify(got).replace(/[^[\],]/g, "")).toBe(JSON.stringify(expected).replace(/[^[\],]/g, ""));
  const [a, b] = [flat(got), flat(expected)];
  for (const [i, e] of b.entries()) {
    if (typeof e !== "number" || !Number.isFinite(e)) expect(a[i]).toEqual(e);
    else
      expect(Math.abs(Number(a[i]) - e), `${i}: ${a[i]}, expected ${e}`).toBeLessThanOrEqual(
        tolerance * (1 + Math.abs(e)),
      );
  }
}

describe("examples of docstrings", () => {
  it("are there", () => expect(examples.length).toBeGreaterThan(60));
  it.each(examples)("$name", ({ expression, value }) => expectNear(evaluated(expression), JSON.parse(value)));
});

describe("activations", () => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);
  const erf = (x: number): number => adjoint.erf(tensor(x)).item() as number;
  const definitions: Readonly<Record<string, readonly [(x: Tensor) => Tensor, (x: number) => number]>> = {
    relu: [adjoint.relu, (x) => Math.max(x, 0)],
    relu6: [adjoint.relu6, (x) => Math.min(Math.max(x, 0), 6)],
    leakyRelu: [(x) => adjoint.leakyRelu(x, { negativeSlope: 0.2 }), (x) => (x > 0 ? x : 0.2 * x)],
    prelu: [(x) => adjoint.prelu(x, tensor([0.3])), (x) => (x > 0 ? x : 0.3 * x)],
    elu: [(x) => adjoint.elu(x, { alpha: 1.5 }), (x) => (x > 0 ? x : 1.5 * Math.expm1(x))],
    celu: [(x) => adjoint.celu(x, { alpha: 1.3 }), (x) => Math.max(0, x) + Math.min(0, 1.3 * Math.expm1(x / 1.3))],
    selu: [adjoint.selu, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))],
    sigmoid: [adjoint.sigmoid, sigmoid],
    logSigmoid: [adjoint.logSigmoid, (x) => -softplus(-x)],
    softplus: [(x) => adjoint.softplus(x, { beta: 2 }), (x) => softplus(2 * x) / 2],
    silu: [adjoint.silu, (x) => x * sigmoid(x)],
    mish: [adjoint.mish, (x) => x * Math.tanh(softplus(x))],
    gelu: [adjoint.gelu, (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))],
    "gelu, tanh": [
      (x) => adjoint.gelu(x, { approximate: "tanh" }),
      (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    ],
    softsign: [adjoint.softsign, (x) => x / (1 + Math.abs(x))],
    tanhshrink: [adjoint.tanhshrink, (x) => x - Math.tanh(x)],
    softshrink: [(x) => adjoint.softshrink(x, { lambda: 0.4 }), (x) => Math.sign(x) * Math.max(Math.abs(x) - 0.4, 0)],
    hardshrink: [adjoint.hardshrink, (x) => (Math.abs(x) > 0.5 ? x : 0)],
    hardtanh: [adjoint.hardtanh, (x) => Math.min(Math.max(x, -1), 1)],
    hardSigmoid: [adjoint.hardSigmoid, (x) => Math.min(Math.max(x + 3, 0), 6) / 6],
    hardSwish: [adjoint.hardSwish, (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
  };
  const points = [-1000, -7.3, -3.1, -1.2, -0.45, -0.1, 0.2, 0.9, 2.6, 5.5, 6.5, 1000];

  it.each(Object.entries(definitions))(
    "%s is its definition, and its derivative that of the definition",
    (_, [f, g]) => {
      expectNear(f(tensor(points)).toArray(), points.map(g));
      const slopes = grad((x: Tensor) => f(x).sum())(tensor(points)) as Tensor;
      const differences = points.map((x) => {
        const h = Math.abs(x) > 100 ? 0.5 : 1e-6;
        return (g(x + h) - g(x - h)) / (2 * h);
      });
      expectNear(slopes.toArray(), differences, 1e-7);
    },
  );

  it.each(Object.entries(definitions))("%s keeps NaN, its dtype and emptiness", (_, [f]) => {
    expect(f(tensor([Number.NaN])).toArray()).toEqual([Number.NaN]);
    const empty = f(tensor([], { dtype: "f64", shape: [0, 3] }));
    expect([empty.dtype, empty.shape]).toEqual(["f64", [0, 3]]);
  });

  it("have the derivative 0 at the corner of relu, relu6 and hardtanh", () => {
    const slope = (f: (x: Tensor) => Tensor, x: number) => grad((t: Tensor) => f(t).sum())(tensor(x)).item();
    expect([slope(adjoint.relu, 0), slope(adjoint.relu6, 0), slope(adjoint.relu6, 6)]).toEqual([0, 0, 0]);
    expect([slope(adjoint.hardtanh, 1), slope(adjoint.elu, 0), slope(adjoint.softplus, 0)]).toEqual([0, 1, 0.5]);
  });
});
