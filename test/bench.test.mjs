// What the benchmark leans on: its product by hand multiplies, its interval covers the median, its data is the same each time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hand, mixture, scene } from "../bench/adbench-data.mjs";
import { normal, uniform } from "../bench/data.mjs";
import { intervalOfMedian } from "../bench/interval.mjs";
import { gemm } from "../bench/product-by-hand.mjs";

describe("the product by hand", () => {
  it("is that of the definition, whatever its sizes and however its operands are stored", () => {
    const size = fc.integer({ min: 1, max: 11 });
    const terms = fc.oneof(size, fc.integer({ min: 250, max: 520 }));
    fc.assert(
      fc.property(size, size, terms, fc.boolean(), fc.boolean(), (M, N, K, isLeft, isRight) => {
        const [A, B] = [uniform(1, M * K, -1, 1), uniform(2, K * N, -1, 1)];
        const C = new Float32Array(M * N).fill(Number.NaN);
        gemm(M, N, K, A, isLeft, B, isRight, C);
        for (let i = 0; i < M; i++) {
          for (let j = 0; j < N; j++) {
            let sum = 0;
            for (let k = 0; k < K; k++) sum += A[isLeft ? k * M + i : i * K + k] * B[isRight ? j * K + k : k * N + j];
            expect(Math.abs(C[i * N + j] - sum)).toBeLessThan(1e-4);
          }
        }
      }),
    );
  });
});

describe("the interval of a median", () => {
  it("lies at the ranks that the binomial distribution gives", () => {
    const ranks = (n) => intervalOfMedian(Array.from({ length: n }, (_, i) => n - i));
    expect(ranks(15)).toEqual({ low: 4, high: 12 });
    expect(ranks(21)).toEqual({ low: 6, high: 16 });
    expect(() => ranks(5)).toThrow("too few");
  });

  it("covers the median of what is drawn at least 94 times in a hundred", () => {
    let covered = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const { low, high } = intervalOfMedian(normal(seed, 15));
      if (low <= 0 && 0 <= high) covered++;
    }
    expect(covered / 2000).toBeGreaterThan(0.94);
    expect(covered / 2000).toBeLessThan(1);
  });
});

describe("the data", () => {
  it("is spread as it says, and the same for the same seed", () => {
    const numbers = uniform(7, 10_000, -1, 3, Float64Array);
    expect(numbers).toEqual(uniform(7, 10_000, -1, 3, Float64Array));
    const mean = (xs) => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;
    expect(Math.abs(mean(numbers) - 1)).toBeLessThan(0.05);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...numbers)).toBeLessThan(3);
    const drawn = normal(8, 10_000);
    expect(Math.abs(mean(drawn))).toBeLessThan(0.05);
    expect(Math.abs(mean(drawn.map((x) => x * x)) - 1)).toBeLessThan(0.05);
  });

  it("has the sizes of ADBench's problems, wherever it comes from", () => {
    const { alphas, means, icf, x } = mixture(10, 25, 1000);
    expect([alphas, means, icf, x].map((t) => t.length)).toEqual([25, 250, 25 * 55, 10_000]);
    expect(scene(4, 5, 10).args.map((t) => t.length)).toEqual([44, 15, 10, 20, 10, 10]);
    const [theta, parents, relatives, inverses, vertices, weights, seen, points] = hand(100).args;
    expect([theta.length, parents.length, seen.length, points.length]).toEqual([26, 22, 100, 300]);
    expect([relatives.length, inverses.length]).toEqual([22 * 16, 22 * 16]);
    expect(weights.length).toBe((vertices.length / 4) * 22);
  });
});
