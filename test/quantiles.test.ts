// Quantiles, medians and what is chosen in order: against a reference written on plain arrays, and by hand.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile, grad, hessian, jit, median, quantile, sum, Tensor, tensor, topK, vmap, zeros } from "../src/index.ts";

/** A result of rank 0, a number or a tensor by how the function was called. */
const numberOf = (x: unknown): unknown => (x instanceof Tensor ? x.item() : x);

type Method = "linear" | "lower" | "higher" | "midpoint" | "nearest";

/** NumPy's definition on numbers in order. */
function reference(xs: readonly number[], q: number, method: Method): number {
  if (xs.length === 0 || xs.some(Number.isNaN)) return Number.NaN;
  const sorted = [...xs].sort((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  const share = place - Math.floor(place);
  if (method === "lower") return low;
  if (method === "higher") return high;
  if (method === "nearest") {
    const isEven = Math.floor(place) % 2 === 0;
    return share < 0.5 || (share === 0.5 && isEven) ? low : high;
  }
  if (share === 0 || low === high) return low;
  return method === "midpoint" ? low + (high - low) / 2 : low + (high - low) * share;
}

const methods: readonly Method[] = ["linear", "lower", "higher", "midpoint", "nearest"];
const number = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.double({ min: -100, max: 100, noNaN: true }),
  fc.constant(Number.NaN),
);

describe("quantile", () => {
  it("is NumPy's, of any number of elements, on both backends", () => {
    const compiled = methods.flatMap((method) =>
      (["js", "interpret"] as const).map((backend) => ({
        method,
        f: compile((x, q) => quantile(x, q, { axes: [1], method }), ["f64[2, N]", "f64[K]"], { backend }),
      })),
    );
    fc.assert(
      fc.property(
        fc
          .integer({ min: 0, max: 7 })
          .chain((n) => fc.array(fc.array(number, { minLength: n, maxLength: n }), { minLength: 2, maxLength: 2 })),
        fc.array(fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })), {
          minLength: 1,
          maxLength: 3,
        }),
        (rows, qs) => {
          const x = rows[0].length === 0 ? zeros([2, 0]) : tensor(rows);
          for (const { method, f } of compiled) {
            const got = f(x, tensor(qs)).toArray() as number[][];
            const expected = qs.map((q) => rows.map((row) => reference(row, q, method)));
            for (const [k, row] of expected.entries())
              for (const [i, value] of row.entries())
                if (Number.isNaN(value)) expect(got[k][i]).toBeNaN();
                else expect(Math.abs(got[k][i] - value)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(value)));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps infinities as they are weighted", () => {
    const x = tensor([-Infinity, 1, Infinity, Infinity]);
    expect(quantile(x, [0, 1 / 3, 0.5, 0.9, 1]).toArray()).toEqual([-Infinity, 1, Infinity, Infinity, Infinity]);
    expect(quantile(tensor([-Infinity, Infinity]), [0, 0.5, 1]).toArray()).toEqual([-Infinity, Number.NaN, Infinity]);
    expect(quantile(tensor([-1.7e308, 1.7e308]), 0.5).item()).toBe(0);
  });

  it("has derivatives by the weights, and by q", () => {
    const at = tensor([4, 1, 2, 8]);
    const near = (got: unknown, expected: readonly number[]): void =>
      expect(got).toEqual(expected.map((v) => expect.closeTo(v, 14)));
    near(grad((x) => quantile(x, 0.3))(at).toArray(), [0, 0.1, 0.9, 0]);
    near(grad((x) => median(x))(at).toArray(), [0.5, 0, 0.5, 0]);
    expect(grad((x) => median(x))(tensor([5, 1, 3])).toArray()).toEqual([0, 0, 1]);
    expect(numberOf(grad((q, x) => quantile(x, q))(tensor(0.3), at))).toBe(3);
    // equal ends: still as they are weighted
    near(grad((x) => quantile(x, 0.25))(tensor([7, 7])).toArray(), [0.75, 0.25]);
    expect(hessian((x) => sum(quantile(x, [0.2, 0.7]).square()))(tensor([3, 1])).toArray()).toEqual([
      [expect.closeTo(2 * (0.04 + 0.49), 12), expect.closeTo(2 * (0.16 + 0.21), 12)],
      [expect.closeTo(2 * (0.16 + 0.21), 12), expect.closeTo(2 * (0.64 + 0.09), 12)],
    ]);
  });

  it("takes axes, keeps them, and works jitted and mapped", () => {
    const x = tensor([
      [
        [1, 5],
        [2, 6],
      ],
      [
        [3, 7],
        [4, 9],
      ],
    ]);
    expect(median(x).item()).toBe(4.5);
    expect(median(x, { axes: [0, 1] }).toArray()).toEqual([2.5, 6.5]);
    expect(median(x, { axes: -1, keepDims: true }).shape).toEqual([2, 2, 1]);
    expect(quantile(x, [0, 1], { axes: [0, 2], keepDims: true }).shape).toEqual([2, 1, 2, 1]);
    expect(jit((y) => median(y, { axes: 0 }))(x).toArray()).toEqual([
      [2, 6],
      [3, 7.5],
    ]);
    expect(vmap((y) => median(y))(x).toArray()).toEqual([3.5, 5.5]);
    expect(tensor([1, 2, 9]).median().item()).toBe(2);
    expect(quantile(tensor([1, 2], { dtype: "f32" }), 0.5).dtype).toBe("f32");
  });

  it("refuses in one line", () => {
    expect(() => quantile(tensor([1]), 1.5)).toThrow(/quantile: got 1.5 for q, expected a number from 0 to 1/);
    expect(() => quantile(tensor([1]), [[1]] as never)).toThrow(/quantile: got an Array for q/);
    expect(() => median(tensor([1], { dtype: "i32" }))).toThrow(/median: got dtype i32, expected f32 or f64/);
    expect(() => quantile(tensor([1]), 0.5, { method: "best" as never })).toThrow(/option 'method'/);
    expect(() => quantile(tensor([1]), tensor([[0.5]]))).toThrow(
      /quantile: q has rank 2, expected a number or a vector/,
    );
  });
});

describe("topK", () => {
  it("chooses the smallest where largest is false, NaN last", () => {
    const { values, indices } = topK(tensor([3, 1, Number.NaN, 2, 1]), 3, { largest: false });
    expect([values.toArray(), indices.toArray()]).toEqual([
      [1, 1, 2],
      [1, 4, 3],
    ]);
    expect(topK(tensor([3, 1, 2]), 2).values.toArray()).toEqual([3, 2]);
    expect(grad((x) => sum(topK(x, 2, { largest: false }).values))(tensor([3, 1, 2])).toArray()).toEqual([0, 1, 1]);
  });
});
