// Functions of f32 keep the bound that their record states, and have their bits in the interpreter, too.

import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import { compileModule } from "../src/compile/index.ts";
import type { DType, NdArray, Op } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { singleUlps } from "./support/floats.ts";

const single = [...standardOps.values()].filter(({ scalar }) => scalar?.single !== undefined);

function moduleOf({ name, operands }: Op, dtype: DType) {
  const names = operands.map((_, i) => `%x${i}`);
  const given = names.map((x) => `${x}: ${dtype}[N]`).join(", ");
  return parse(`func @main<N>(${given}) -> ${dtype}[N] {
  %y = ${name} ${names.join(", ")} : ${dtype}[N]
  return %y
}
`);
}

const arrayOf = (dtype: DType, data: NdArray["data"]): NdArray => ({ dtype, shape: [data.length], data });

function compiled(op: Op, dtype: DType): (inputs: readonly Float32Array[]) => ArrayLike<number> {
  const { executable } = compileModule(moduleOf(op, dtype), { backend: "js" });
  const held = (x: Float32Array) => (dtype === "f64" ? Float64Array.from(x) : x);
  return (inputs) => executable.run(inputs.map((x) => arrayOf(dtype, held(x))))[0].data;
}

/** Every n-th number of 32 bits, from the i-th. */
function everyOf(stride: number, start: number): Float32Array {
  const bits = new Uint32Array(Math.floor((2 ** 32 - start) / stride));
  for (let i = 0; i < bits.length; i++) bits[i] = start + i * stride;
  return new Float32Array(bits.buffer);
}

const edges = [
  0,
  1e-45,
  2 ** -126,
  0.25,
  0.5,
  1 - 2 ** -24,
  1,
  1 + 2 ** -23,
  2,
  3,
  31.5,
  88.5,
  89,
  104,
  2 ** 20,
  2 ** 24,
];
const special = [...edges, 2 ** 127, 3.4028234663852886e38, Infinity].flatMap((x) => [x, -x]).concat(NaN);

/** Inputs of an op: a part of all, and what is special. */
function inputsOf({ operands }: Op): readonly Float32Array[] {
  if (operands.length === 1) return [Float32Array.from([...everyOf(9973, 0), ...special])];
  const [x, y] = [everyOf(16_411, 5), everyOf(16_411, 11)];
  // neighbours in one order have others in the other one
  for (let i = 0; i < y.length; i += 2) y[i] = i % 4 === 0 ? y[(i * 7919) % y.length] : ((i * 31) % 4001) / 64 - 30;
  for (let i = 2; i < x.length; i += 4) x[i] = ((i * 17) % 1009) / 200;
  const pairs = special.flatMap((a) => special.map((b) => [a, b]));
  return [x, y].map((data, k) => Float32Array.from([...data, ...pairs.map((pair) => pair[k])]));
}

describe.each(single.map((op) => [op.name, op] as const))("%s of f32", (_, op) => {
  const inputs = inputsOf(op);
  const got = compiled(op, "f32")(inputs);

  it("is within its bound of the function of f64, and special where that is", () => {
    const bound = op.scalar?.single?.ulps ?? 0;
    const exact = compiled(op, "f64")(inputs);
    let worst = 0;
    for (let i = 0; i < got.length; i++) {
      const ulps = singleUlps(got[i], exact[i]);
      if (ulps > bound) expect.fail(`(${inputs.map((x) => x[i])}) is ${got[i]}, ${ulps} ulp from ${exact[i]}`);
      worst = Math.max(worst, ulps);
    }
    expect(worst).toBeGreaterThan(bound * 0.75);
  });

  it("has the same bits in the interpreter", () => {
    const some = inputs.map((x) => x.filter((_, i) => i % 499 === 0 || i >= x.length - special.length));
    const [{ data }] = interpret(
      moduleOf(op, "f32"),
      "main",
      some.map((x) => arrayOf("f32", x)),
    );
    const expected = compiled(op, "f32")(some);
    expect([...data].findIndex((y, i) => !Object.is(y, expected[i]))).toBe(-1);
  });
});
