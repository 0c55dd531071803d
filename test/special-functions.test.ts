// erfc, erfinv and the Bessel functions: against references of 120 digits, by their identities, and as users call them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile, erf, erfc, erfinv, exp, grad, i0, i0e, i1, i1e, jit, mul, tensor, vmap } from "../src/index.ts";
import * as kernels from "../src/ops/scalar/kernels/index.ts";
import { placeOf } from "./support/floats.ts";
import { besselTable, erfcTable, erfinvTable } from "./support/special-tables.ts";

const besselI = (n: number, scaled: number, x: number): number =>
  (n === 0 || n === 1 ? kernels.besselI01 : kernels.besselIn)(n, scaled, x);

function ulps(got: number, expected: number): number {
  return Number.isNaN(got) ? Infinity : Math.abs(Number(placeOf(got) - placeOf(expected)));
}

function rows(table: readonly number[], width: number): readonly (readonly number[])[] {
  return Array.from({ length: table.length / width }, (_, i) => table.slice(i * width, (i + 1) * width));
}

describe("kernels", () => {
  it("of error functions are within 4 ulp", () => {
    const far = (f: (x: number) => number, table: readonly number[]) =>
      rows(table, 2).filter(([x, expected]) => ulps(f(x), expected) > 4);
    expect(far(kernels.erfc, erfcTable)).toEqual([]);
    expect(far(kernels.erfinv, erfinvTable)).toEqual([]);
  });

  it("of Bessel functions are within 4 ulp, and 2 more for each order", () => {
    const far = rows(besselTable, 4).filter(([n, scaled, x, expected]) => {
      return ulps(besselI(n, scaled, x), expected) > 4 + (n > 1 ? 2 * n : 0);
    });
    expect(far).toEqual([]);
  });

  it("have the values that they approach", () => {
    expect([Infinity, -Infinity, Number.NaN, -0, 28, -28].map(kernels.erfc)).toEqual([0, 2, Number.NaN, 1, 0, 2]);
    expect([1, -1, -0, 1.5, -Infinity, Number.NaN].map(kernels.erfinv)).toEqual([
      Infinity,
      -Infinity,
      -0,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect([0, -0, Infinity, -Infinity, Number.NaN].map((x) => besselI(0, 0, x))).toEqual([
      1,
      1,
      Infinity,
      Infinity,
      Number.NaN,
    ]);
    expect([0, -0, Infinity, -Infinity].map((x) => besselI(1, 0, x))).toEqual([0, -0, Infinity, -Infinity]);
    expect([0, -0, Infinity, -Infinity].map((x) => besselI(1, 1, x))).toEqual([0, -0, 0, -0]);
    expect([besselI(2, 0, 0), besselI(3, 0, 1e-200), besselI(0, 0, 720), besselI(-1, 0, 1)]).toEqual([
      0,
      0,
      Infinity,
      Number.NaN,
    ]);
  });

  it("fit their identities", () => {
    const number = fc.double({ min: -6, max: 6, noNaN: true });
    fc.assert(
      fc.property(number, (x) => {
        expect(Math.abs(kernels.erfc(x) + kernels.erf(x) - 1)).toBeLessThan(1e-15);
        expect(Math.abs(kernels.erfc(x) + kernels.erfc(-x) - 2)).toBeLessThan(1e-15);
        const y = kernels.erf(x / 2);
        expect(Math.abs(kernels.erf(kernels.erfinv(y)) - y)).toBeLessThan(4e-16);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 700, noNaN: true }), fc.integer({ min: 1, max: 15 }), (x, n) => {
        const [below, own, above] = [n - 1, n, n + 1].map((k) => besselI(k, 1, x));
        expect(Math.abs(below - above - ((2 * n) / x) * own)).toBeLessThan(1e-14 * below);
        expect(besselI(n, 1, -x)).toBe(n % 2 === 1 ? -own : own);
      }),
    );
  });

  it("stay monotone across their joins", () => {
    const joins: readonly (readonly [(x: number) => number, number, number])[] = [
      [kernels.erfc, 0.5, -1],
      [kernels.erfc, -0.5, -1],
      [kernels.erfc, 2, -1],
      [kernels.erfinv, 0.5, 1],
      [kernels.erfinv, 1 - Math.exp(-(2.75 ** 2)), 1],
      [(x) => besselI(0, 0, x), 8, 1],
      [(x) => besselI(1, 0, x), 8, 1],
      [(x) => besselI(0, 1, x), 32, -1],
      [(x) => besselI(0, 0, x), 700, 1],
      [(x) => besselI(2, 0, x), 50, 1],
    ];
    for (const [f, at, direction] of joins)
      for (let k = -30; k < 30; k++) {
        const step = 2 ** -44 * Math.max(1, Math.abs(at)) * (at === 1 - Math.exp(-(2.75 ** 2)) ? 2 ** -6 : 1);
        expect((f(at + (k + 1) * step) - f(at + k * step)) * direction).toBeGreaterThanOrEqual(0);
      }
  });
});

describe("functions of tensors", () => {
  it("have derivatives of each other, to the fourth order at 0 too", () => {
    const at = (f: (x: number) => unknown, x: number) => Number(f(x));
    const g = 2 / Math.sqrt(Math.PI);
    expect(at(grad(erfc), 0.5)).toBeCloseTo(-g * Math.exp(-0.25), 15);
    expect(at(grad(erfinv), 0.5)).toBeCloseTo(Math.exp(0.4769362762044699 ** 2) / g, 14);
    expect(at(grad(grad(erfinv)), 0.5)).toBeCloseTo(
      (2 * 0.4769362762044699 * Math.exp(2 * 0.4769362762044699 ** 2)) / g ** 2,
      13,
    );
    expect(at(grad(i0), 2)).toBeCloseTo(1.5906368546373291, 14);
    // I₀ = 1 + x²/4 + x⁴/64 + …
    const orders = [grad(i0), grad(grad(i0)), grad(grad(grad(i0))), grad(grad(grad(grad(i0))))];
    expect(orders.map((f) => at(f, 0))).toEqual([0, 0.5, 0, 0.375]);
    expect(at(grad(i0e), 0)).toBe(0);
    expect(at(grad(i0e), 1)).toBeCloseTo(0.565159103992485 / Math.E - 1.2660658777520084 / Math.E, 15);
    expect(at(grad(i1e), -2)).toBeCloseTo(
      at(
        grad((x) => mul(i1(x), exp(x))),
        -2,
      ),
      14,
    );
    expect(at(grad(erf), 0)).toBe(g);
  });

  it("work for f32, compiled, jitted and mapped, for all sizes", () => {
    const xs = [-2, -0.5, 0, 0.25, 0.75];
    for (const f of [erfc, erfinv, i0, i1, i0e, i1e]) {
      const eager = f(tensor(xs)).toArray();
      for (const backend of ["js", "interpret"] as const) {
        expect(compile(f, ["f64[N]"], { backend })(xs).toArray()).toEqual(eager);
      }
      expect(jit(f)(tensor(xs)).toArray()).toEqual(eager);
      expect(vmap(f)(tensor(xs)).toArray()).toEqual(eager);
      const single = f(tensor(xs, { dtype: "f32" }));
      expect(single.dtype).toBe("f32");
      expect(single.toArray()).toEqual((eager as number[]).map(Math.fround));
    }
    expect(() => erfc(tensor([1], { dtype: "i32" }))).toThrow(/erfc: operand 0 has dtype i32, expected f64 or f32/);
  });
});
