// The elementwise functions users call: composites against their definitions, derivatives, literals, methods, and what they refuse.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import * as adjoint from "../src/index.ts";
import {
  AdjointError,
  bitcast,
  bitwiseAnd,
  bitwiseInvert,
  bitwiseLeftShift,
  bitwiseRightShift,
  bitwiseXor,
  clip,
  compile,
  f64,
  floorDivide,
  grad,
  hessian,
  isInf,
  logaddexp,
  logicalAnd,
  logicalXor,
  nextafter,
  polygamma,
  popcount,
  pow,
  remainder,
  roundHalfUp,
  signbit,
  sum,
  Tensor,
  tensor,
} from "../src/index.ts";
import { buildFunc, makeModule, unranked, verify } from "../src/ir/index.ts";
import * as composites from "../src/ops/composites.ts";

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const small = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const two = [f64, f64] as const;

function codeOf(body: () => unknown): string | null {
  try {
    body();
    return null;
  } catch (error) {
    return error instanceof AdjointError ? error.code : String(error);
  }
}

describe("floorDivide and remainder", () => {
  const both = compile((x: Tensor, y: Tensor) => [floorDivide(x, y), remainder(x, y)], [...two]) as (
    x: number,
    y: number,
  ) => [number, number];

  it("take a number apart: the remainder has the divisor's sign and is smaller", () => {
    fc.assert(
      fc.property(
        small,
        small.filter((y) => Math.abs(y) > 1e-6),
        (x, y) => {
          const [q, r] = both(x, y);
          expect(q).toBe(Math.round(q));
          expect(Math.abs(r)).toBeLessThanOrEqual(Math.abs(y));
          expect(Object.is(Math.sign(r), Math.sign(y)) || r === 0).toBe(true);
          expect(Math.abs(q * y + r - x)).toBeLessThanOrEqual(1e-15 * (Math.abs(q * y) + Math.abs(y)));
        },
      ),
    );
  });

  it("are exact where the quotient rounds up", () => {
    expect(both(1, 0.1)).toEqual([9, 1 % 0.1]);
    expect(both(-1, 0.1)).toEqual([-10, (-1 % 0.1) + 0.1]);
    expect(both(7, -2)).toEqual([-4, -1]);
    expect(both(-6, 3)).toEqual([-2, 0]);
    expect(both(6, -3)).toEqual([-2, -0]);
    expect(both(1, -0)).toEqual([-Infinity, Number.NaN]);
  });

  it("round down for integers, and give 0 by zero", () => {
    const run = (x: number, y: number, dtype: "i32" | "u32" | "u8"): readonly unknown[] =>
      [floorDivide, remainder].map((f) => f(tensor(x, { dtype }), tensor(y, { dtype })).item());
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer().filter((y) => y !== 0),
        (x, y) => {
          const [q, r] = run(x, y, "i32");
          expect(q).toBe(Math.floor(x / y) | 0);
          expect(r).toBe(Number(((BigInt(x) % BigInt(y)) + BigInt(y)) % BigInt(y)));
        },
      ),
    );
    expect(run(-5, 0, "i32")).toEqual([0, 0]);
    expect(run(-(2 ** 31), -1, "i32")).toEqual([-(2 ** 31), 0]);
    expect(run(2 ** 32 - 1, 10, "u32")).toEqual([429496729, 5]);
    expect(run(7, 0, "u8")).toEqual([0, 0]);
  });

  it("have the derivatives of steps and of what is left over", () => {
    const of = (f: (x: Tensor, y: Tensor) => Tensor, x: number, y: number): unknown => grad(f, { wrt: [0, 1] })(x, y);
    expect(of(remainder, 7, 2)).toEqual([1, -3]);
    expect(of(remainder, -7, 2)).toEqual([1, 4]);
    expect(of(remainder, 6, 3)).toEqual([1, -2]);
    expect(of(floorDivide, 7, 2)).toEqual([0, 0]);
    expect(of(floorDivide, 7, 0)).toEqual([0, 0]);
  });
});

describe("logaddexp", () => {
  it("has every derivative where both are equal", () => {
    expect(grad(logaddexp, { wrt: [0, 1] })(3, 3)).toEqual([0.5, 0.5]);
    const second = hessian(logaddexp, { wrt: [0, 1] })(2, 2);
    expect(second).toEqual([
      [0.25, -0.25],
      [-0.25, 0.25],
    ]);
  });

  it("does not overflow, and adds what is small to what is near 0", () => {
    const run = compile(logaddexp, [...two]);
    expect(run(1000, 1000)).toBe(1000 + Math.LN2);
    expect(run(0, -40)).toBe(Math.exp(-40));
    expect([run(Infinity, Infinity), run(-Infinity, -Infinity), run(-Infinity, 1)]).toEqual([Infinity, -Infinity, 1]);
    expect(grad(logaddexp, { wrt: [0, 1] })(-Infinity, 1)).toEqual([0, 1]);
  });
});

describe("rounding and signs", () => {
  it("roundHalfUp is Math.round", () => {
    const run = compile(roundHalfUp, [f64]);
    const half = fc.integer().map((n) => n + 0.5);
    fc.assert(fc.property(fc.oneof(double, half), (x) => Object.is(run(x), Math.round(x))));
    for (const x of [-0, 0.49999999999999994, -0.5, 2 ** 52 + 1, Infinity, -Infinity, Number.NaN]) {
      expect(run(x)).toBe(Math.round(x));
    }
  });

  it("signbit sees -0", () => {
    expect([0, -0, -1, Infinity, -Infinity, Number.NaN].map((x) => signbit(tensor(x)).item())).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(signbit(tensor([-1, 1], { dtype: "i32" })).toArray()).toEqual([true, false]);
  });

  it("integers are whole, finite and numbers already", () => {
    const x = tensor([3, -4], { dtype: "i32" });
    for (const f of [adjoint.floor, adjoint.ceil, adjoint.trunc, adjoint.round, roundHalfUp]) {
      expect(f(x).toArray()).toEqual([3, -4]);
    }
    expect([adjoint.isFinite, isInf, adjoint.isNaN].map((f) => f(x).toArray())).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
  });

  it("nextafter goes by the tensor's own dtype", () => {
    expect(nextafter(tensor(1), 2).item()).toBe(1 + 2 ** -52);
    expect(nextafter(tensor(1, { dtype: "f32" }), 2).item()).toBe(1 + 2 ** -23);
  });

  it("clip takes either bound, both, or none", () => {
    const x = tensor([-1, 0.5, 2]);
    expect(clip(x, 0, 1).toArray()).toEqual([0, 0.5, 1]);
    expect(clip(x, 0).toArray()).toEqual([0, 0.5, 2]);
    expect(clip(x, null, 1).toArray()).toEqual([-1, 0.5, 1]);
    expect(clip(x).toArray()).toEqual([-1, 0.5, 2]);
    expect(clip(x, tensor([0, 1, 0]), 1).toArray()).toEqual([0, 1, 1]);
    expect(x.clip(0, 1).toArray()).toEqual([0, 0.5, 1]);
  });
});

it("composites take operands whose rank is not known yet", () => {
  const binaryOnes = [composites.remainder, composites.floorDivide, composites.logaddexp];
  const unaryOnes = [
    composites.reciprocal,
    composites.signbit,
    composites.isInf,
    composites.roundHalfUp,
    composites.cot,
  ];
  const type = unranked("f64");
  const func = buildFunc({ name: "f" }, [type, type], (x, y) => [
    ...binaryOnes.map((f) => f(x, y)),
    ...unaryOnes.map((f) => f(x)),
  ]);
  const module = makeModule([func]);
  verify(module);
  const column = [-7, 2.5, 0.1];
  const args = [tensor([column]), tensor([[2], [-0.3]])].map((t) => t.array("an argument"));
  const results = interpret(module, "f", args);
  expect(results.map((r) => r.shape)).toEqual([...binaryOnes.map(() => [2, 3]), ...unaryOnes.map(() => [1, 3])]);
  expect([...results[0].data]).toEqual([2, -0.3].flatMap((y) => column.map((x) => remainder(tensor(x), y).item())));
});

describe("bits and truth", () => {
  const i32 = (x: number): Tensor => tensor(x, { dtype: "i32" });

  it("bitwise functions work on integers, logical ones on bools", () => {
    expect(bitwiseAnd(i32(12), 10).item()).toBe(8);
    expect(bitwiseXor(i32(12), 10).item()).toBe(6);
    expect(bitwiseInvert(i32(5)).item()).toBe(-6);
    expect(bitwiseLeftShift(i32(3), 4).item()).toBe(48);
    expect(bitwiseRightShift(i32(-16), 2).item()).toBe(-4);
    expect(popcount(i32(-1)).item()).toBe(32);
    expect(logicalXor(tensor(true), true).item()).toBe(false);
    expect(codeOf(() => logicalAnd(i32(1), 1))).toBe("dtype");
    expect(codeOf(() => bitwiseLeftShift(tensor(1), 1))).toBe("dtype");
  });

  it("bitcast keeps the bits", () => {
    const x = tensor([1, -0], { dtype: "f32" });
    expect(bitcast(x, "i32").toArray()).toEqual([0x3f800000, -(2 ** 31)]);
    expect(bitcast(bitcast(x, "u32"), adjoint.f32).toArray()).toEqual([1, -0]);
    expect(codeOf(() => bitcast(tensor(1), "i32"))).toBe("dtype");
  });
});

describe("powers and special functions", () => {
  it("pow takes literals on either side", () => {
    expect(grad((x: Tensor) => pow(x, 3))(2)).toBe(12);
    expect(grad((x: Tensor) => pow(2, x))(3)).toBe(8 * Math.log(2));
    expect(grad((x: Tensor) => pow(x, 2))(0)).toBe(0);
    expect(pow(tensor(3, { dtype: "i32" }), 4).item()).toBe(81);
  });

  it("polygamma wants a whole order", () => {
    expect(polygamma(1, tensor(1)).item()).toBeCloseTo(Math.PI ** 2 / 6, 14);
    expect(codeOf(() => polygamma(-1, tensor(1)))).toBe("attribute");
    expect(codeOf(() => polygamma(0.5, tensor(1)))).toBe("attribute");
  });

  it("sec, csc and cot are reciprocals", () => {
    const all = compile((x: Tensor) => [adjoint.sec(x), adjoint.csc(x), adjoint.cot(x)], [f64]);
    expect(all(0.7)).toEqual([1 / Math.cos(0.7), 1 / Math.sin(0.7), 1 / Math.tan(0.7)]);
    expect(grad(adjoint.cot)(0.7)).toBeCloseTo(-1 / Math.sin(0.7) ** 2, 12);
  });
});

it("every function of a tensor is a method too, and gives the same", () => {
  const methods = Tensor.prototype as unknown as Record<string, (this: Tensor, ...rest: unknown[]) => Tensor>;
  const x = tensor([0.3, 0.9]);
  for (const name of [
    "abs",
    "sqrt",
    "log1p",
    "sec",
    "signbit",
    "isNaN",
    "isFinite",
    "atan2",
    "copysign",
    "remainder",
  ]) {
    const f = (adjoint as unknown as Record<string, (...x: unknown[]) => Tensor>)[name];
    const rest = f.length > 1 ? [0.7] : [];
    expect(methods[name].call(x, ...rest).toArray(), name).toEqual(f(x, ...rest).toArray());
  }
  expect(sum(x.abs().sqrt()).item()).toBe(Math.sqrt(0.3) + Math.sqrt(0.9));
});
