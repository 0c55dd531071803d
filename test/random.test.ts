// Random numbers and sorting, as users call them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  argsort,
  bernoulli,
  compile,
  dropout,
  f32,
  grad,
  jit,
  key,
  mul,
  normal,
  randomIntegers,
  rngBits,
  sort,
  splitKey,
  sum,
  type Tensor,
  tensor,
  topK,
  uniform,
  vmap,
} from "../src/index.ts";
import { threefryOf } from "../src/ops/random/rng-bits.ts";
import { messageOf } from "./support/errors.ts";

const meanOf = (x: Tensor): number => [...x.data()].reduce((a, b) => a + b, 0) / x.size;

describe("random tensors", () => {
  it("depend on the key and nothing else, on every backend", () => {
    const draw = (k: Tensor): Tensor => uniform(k, [3, 4]);
    const eager = draw(key(7)).data();
    for (const backend of ["js", "interpret"] as const) {
      expect((compile(draw, ["u32[2]"], { backend })(key(7)) as Tensor).data()).toEqual(eager);
    }
    expect(uniform(key(8), [3, 4]).data()).not.toEqual(eager);
    expect(key(2 ** 32 + 5).toArray()).toEqual([1, 5]);
  });

  it("come from the cipher of the published answers", () => {
    // Random123 (2011), kat_vectors: threefry2x32, 20 rounds
    const all = 0xffffffff;
    expect(threefryOf([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefryOf([all, all], [all, all])).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefryOf([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
    const [high, low] = [0x13198a2e, 0x03707344];
    for (const backend of ["js", "interpret"] as const) {
      const keys = compile((k: Tensor) => splitKey(k, 3), ["u32[2]"], { backend })([high, low]) as Tensor;
      expect(keys.toArray()).toEqual([0, 1, 2].map((i) => threefryOf([high, low], [0, i])));
      const bits = compile((k: Tensor) => rngBits(k, [2, 2]), ["u32[2]"], { backend })([high, low]) as Tensor;
      const words = [0, 1, 2, 3].map((i) => threefryOf([high, low], [0, i]).reduce((a, b) => (a ^ b) >>> 0));
      expect([...bits.data()]).toEqual(words);
    }
  });

  it("stay below the end of their range, whatever is rounded", () => {
    for (const [low, high] of [
      [1, 2],
      [-3, 0.1],
      [2 ** 24, 2 ** 24 + 2],
    ]) {
      const x = uniform(key(38), [400_000], { low, high, dtype: "f32" }).data();
      expect(x.every((v) => v >= Math.fround(low) && v < Math.fround(high))).toBe(true);
    }
  });

  it("have the distributions they are named after", () => {
    const u = uniform(key(1), [20_000], { low: -1, high: 3 });
    expect(Math.min(...u.data())).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...u.data())).toBeLessThan(3);
    expect(meanOf(u)).toBeCloseTo(1, 1);
    for (const dtype of ["f64", "f32"] as const) {
      const z = normal(key(2), [20_000], { dtype });
      expect(z.dtype).toBe(dtype);
      expect(meanOf(z)).toBeCloseTo(0, 1);
      expect(meanOf(mul(z, z))).toBeCloseTo(1, 1);
    }
    expect(meanOf(bernoulli(key(3), 0.3, [20_000]))).toBeCloseTo(0.3, 1);
    const dice = randomIntegers(key(4), [6_000], { low: 1, high: 7 });
    expect([...new Set(dice.data())].sort()).toEqual([1, 2, 3, 4, 5, 6]);
    const wide = randomIntegers(key(5), [2000], { low: -(2 ** 31), high: 2 ** 31 });
    expect(meanOf(wide) / 2 ** 31).toBeCloseTo(0, 1);
  });

  it("differ by their keys, which split and map", () => {
    const keys = splitKey(key(5), 3);
    expect(keys.shape).toEqual([3, 2]);
    const rows = vmap((k: Tensor) => uniform(k, [4]))(keys) as Tensor;
    for (let i = 0; i < 3; i++) expect(rows.at(i).data()).toEqual(uniform(keys.at(i), [4]).data());
  });

  it("drop out elements, and scale the others", () => {
    const x = tensor(new Float64Array(10_000).fill(1));
    const y = dropout(x, key(6), { rate: 0.25 });
    expect([...new Set(y.data())].sort()).toEqual([0, 1 / 0.75]);
    expect(meanOf(y)).toBeCloseTo(1, 1);
    expect((grad((v: Tensor) => sum(dropout(v, key(6), { rate: 0.25 })))(x) as Tensor).data()).toEqual(y.data());
    expect(dropout(x, key(6), { rate: 0 }).data()).toEqual(x.data());
  });

  it("say what is no key", () => {
    expect(messageOf(() => uniform(tensor([1, 2]), [3]))).toBe(
      "uniform: the key has type f64[2], expected u32[2]: make one: key(7)",
    );
    expect(messageOf(() => key(-1))).toMatch(/key: the seed is -1, expected an integer from 0/);
    expect(messageOf(() => dropout(f32([1]), key(1), { rate: 1.5 }))).toMatch(/rate is 1.5, expected/);
    for (const [low, high] of [
      [2, 1],
      [1, 1],
      [Number.NaN, 1],
      [0, Infinity],
      [-1e308, 1e308],
    ])
      expect(messageOf(() => uniform(key(1), [2], { low, high }))).toMatch(
        /uniform: low is .* expected a finite range/,
      );
    expect(messageOf(() => uniform(key(1), [2], { high: 1e-60, dtype: "f32" }))).toMatch(
      /range of f32, low below high/,
    );
    expect(messageOf(() => randomIntegers(key(1), [2], { high: 2 ** 40 }))).toMatch(
      /from 0 to 1099511627776 leaves i32/,
    );
  });
});

describe("sorting", () => {
  it("is what the language's stable sort gives, NaN last, for any numbers and sizes", () => {
    const [up, down] = [false, true].map(
      (descending) =>
        jit((x: Tensor) => [sort(x, { descending }), argsort(x, { descending })]) as (
          x: Tensor,
        ) => readonly [Tensor, Tensor],
    );
    const check = (list: readonly number[]): void => {
      for (const [f, sign] of [
        [up, 1],
        [down, -1],
      ] as const) {
        const [values, order] = f(tensor(Float64Array.from(list)));
        const expected = list
          .map((x, i) => [x, i] as const)
          .sort(([a], [b]) => {
            if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
            return sign * (a < b ? -1 : Number(a > b));
          });
        expect([...values.data()]).toEqual(expected.map(([x]) => x));
        expect([...order.data()]).toEqual(expected.map(([, i]) => i));
      }
    };
    const numbers = fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(0, -0, Number.NaN));
    fc.assert(fc.property(fc.array(numbers, { maxLength: 40 }), check), { numRuns: 60 });
    check(Array.from({ length: 1000 }, (_, i) => Math.sin(i * 7)));
  });

  it("gives the largest, and where they are", () => {
    const { values, indices } = topK(
      tensor([
        [3, 1, 2],
        [6, 5, 4],
      ]),
      2,
    );
    expect(values.toArray()).toEqual([
      [3, 2],
      [6, 5],
    ]);
    expect(indices.toArray()).toEqual([
      [0, 2],
      [0, 1],
    ]);
    expect((grad((x: Tensor) => sum(topK(x, 1).values))(tensor([3, 1, 5])) as Tensor).toArray()).toEqual([0, 0, 1]);
    expect(tensor([3, 1]).sort({ descending: true }).toArray()).toEqual([3, 1]);
    expect(topK(tensor([Number.NaN, 2, 3]), 3).indices.toArray()).toEqual([2, 1, 0]);
    expect(messageOf(() => topK(tensor([1, 2]), 3))).toBe("topK: k is 3, but axis 0 has extent 2");
    expect(messageOf(() => sort(tensor([true, false])))).toMatch(/sort: the keys have dtype bool, expected numbers/);
  });
});
