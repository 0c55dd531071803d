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
  sort,
  splitKey,
  sum,
  type Tensor,
  tensor,
  topK,
  uniform,
  vmap,
} from "../src/index.ts";

const messageOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as Error).message.replace(/^\S+:\d+:\d+ /, "");
  }
  return "nothing thrown";
};

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
    expect(messageOf(() => dropout(f32([1]), key(1), { rate: 1 }))).toMatch(/rate is 1, expected/);
  });
});

describe("sorting", () => {
  it("is what the language's stable sort gives, NaN last, for any numbers and sizes", () => {
    const f = jit((x: Tensor) => [sort(x), argsort(x)]) as (x: Tensor) => readonly [Tensor, Tensor];
    const check = (list: readonly number[]): void => {
      const [values, order] = f(tensor(Float64Array.from(list)));
      const expected = list
        .map((x, i) => [x, i] as const)
        .sort(([a], [b]) => {
          if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
          return a < b ? -1 : Number(a > b);
        });
      expect([...values.data()]).toEqual(expected.map(([x]) => x));
      expect([...order.data()]).toEqual(expected.map(([, i]) => i));
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
  });
});
