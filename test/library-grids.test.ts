// Differences, grids, images of other sizes, closeness, draws of categories and orders, and combining writes.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allclose,
  arange,
  categorical,
  compile,
  diff,
  extent,
  grad,
  hessian,
  i32,
  isClose,
  jit,
  jvp,
  key,
  maxAt,
  meshgrid,
  minAt,
  mulAt,
  permutation,
  pixelShuffle,
  reshape,
  resizeNearest,
  softmax,
  splitKey,
  sum,
  Tensor,
  tensor,
  vmap,
  zeros,
} from "../src/index.ts";

/** A result of rank 0, a number or a tensor by how the function was called. */
const numberOf = (x: unknown): unknown => (x instanceof Tensor ? x.item() : x);

const integers = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 0, maxLength: 6 });

describe("diff", () => {
  const plain = (xs: readonly number[], n: number): readonly number[] =>
    n === 0
      ? xs
      : plain(
          xs.slice(1).map((x, i) => x - xs[i]),
          n - 1,
        );

  it("subtracts neighbours n times, for every size from none", () => {
    const compiled = [0, 1, 2, 3].map((n) => compile((x) => diff(x, { n }), ["f64[N]"]));
    fc.assert(
      fc.property(integers, fc.integer({ min: 0, max: 3 }), (xs, n) => {
        const x = xs.length === 0 ? zeros([0]) : tensor(xs);
        expect(diff(x, { n }).toArray()).toEqual(plain(xs, n));
        expect(compiled[n](x).toArray()).toEqual(plain(xs, n));
      }),
    );
  });

  it("takes an axis, bools and gradients", () => {
    expect(
      diff(
        tensor([
          [1, 2],
          [5, 9],
        ]),
        { axis: 0 },
      ).toArray(),
    ).toEqual([[4, 7]]);
    expect(diff(tensor([true, true, false])).toArray()).toEqual([false, true]);
    expect(grad((x) => sum(diff(x).square()))(tensor([1, 4, 9])).toArray()).toEqual([-6, -4, 10]);
    expect(() => diff(tensor(1))).toThrow(/rank 0/);
    expect(() => diff(tensor([1]), { n: -1 })).toThrow(/option 'n' is -1, expected an integer from 0/);
  });
});

describe("meshgrid", () => {
  it("repeats each vector along the axes of the others", () => {
    const [a, b, c] = [tensor([1, 2, 3]), tensor([4, 5]), tensor([6])];
    expect(meshgrid([a, b]).map((t) => t.toArray())).toEqual([
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [4, 4, 4],
        [5, 5, 5],
      ],
    ]);
    expect(meshgrid([a, b], { indexing: "ij" }).map((t) => t.toArray())).toEqual([
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      [
        [4, 5],
        [4, 5],
        [4, 5],
      ],
    ]);
    expect(meshgrid([a, b, c]).map((t) => t.shape)).toEqual([
      [2, 3, 1],
      [2, 3, 1],
      [2, 3, 1],
    ]);
    expect(meshgrid([a, tensor(7)], { indexing: "ij" })[1].toArray()).toEqual([[7], [7], [7]]);
    expect([meshgrid([]), meshgrid([a])[0].toArray()]).toEqual([[], [1, 2, 3]]);
    const sums = compile((x, y) => sum(meshgrid([x, y])[0].mul(meshgrid([x, y])[1])), ["f64[N]", "f64[M]"]);
    expect(numberOf(sums([1, 2, 3], [4, 5]))).toBe(54);
    expect(grad((x) => sum(meshgrid([x, b])[0]))(a).toArray()).toEqual([2, 2, 2]);
    expect(() => meshgrid([tensor([[1]])])).toThrow(/meshgrid: a tensor has rank 2, expected vectors/);
    expect(() => meshgrid([a, i32([1])])).toThrow(/meshgrid: a vector has dtype i32, expected f64/);
  });
});

describe("images", () => {
  it("of another size take the nearest element", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }), (n, m) => {
        const x = reshape(arange(n), [1, n, 1]);
        const expected = Array.from({ length: m }, (_, i) => Math.floor((i * n) / m));
        expect(reshape(resizeNearest(x, [m]), [m]).toArray()).toEqual(expected);
      }),
    );
    const x = reshape(arange(8), [1, 2, 2, 2]);
    expect(resizeNearest(x, [4, 1]).toArray()).toEqual([[[[0, 1]], [[0, 1]], [[4, 5]], [[4, 5]]]]);
    expect(resizeNearest(x, [1, 1], { layout: "NCHW" }).shape).toEqual([1, 2, 1, 1]);
    expect(
      compile(
        (y) => resizeNearest(y, [extent(y.shape[1]).mul(2), y.shape[2]]),
        ["f32[B, H, W, C]"],
      )(zeros([1, 2, 3, 2], { dtype: "f32" })).shape,
    ).toEqual([1, 4, 3, 2]);
    expect(resizeNearest(tensor([[[true], [false]]]), [4]).toArray()).toEqual([[[true], [true], [false], [false]]]);
    expect(reshape(grad((y) => sum(resizeNearest(y, [5])))(reshape(arange(3), [1, 3, 1])), [3]).toArray()).toEqual([
      2, 2, 1,
    ]);
    expect(() => resizeNearest(x, [4])).toThrow(/resizeNearest: got 1 extent from 0, expected 2/);
  });

  it("shuffle features to space as torch does, in both layouts", () => {
    const [c, r, h, w] = [2, 3, 2, 2];
    const first = reshape(arange(c * r * r * h * w), [1, c * r * r, h, w]);
    const got = pixelShuffle(first, r, { layout: "NCHW" });
    expect(got.shape).toEqual([1, c, h * r, w * r]);
    const flat = first.toArray() as number[][][][];
    const expected = Array.from({ length: c }, (_, k) =>
      Array.from({ length: h * r }, (_, i) =>
        Array.from(
          { length: w * r },
          (_, j) => flat[0][k * r * r + (i % r) * r + (j % r)][Math.floor(i / r)][Math.floor(j / r)],
        ),
      ),
    );
    expect(got.toArray()).toEqual([expected]);
    const last = pixelShuffle(first.permuteDims([0, 2, 3, 1]), r);
    expect(last.permuteDims([0, 3, 1, 2]).toArray()).toEqual(got.toArray());
    expect(jit((y) => pixelShuffle(y, r, { layout: "NCHW" }))(first).toArray()).toEqual(got.toArray());
    expect(compile((y) => pixelShuffle(y, 2), ["f64[N, H, W, 4*C]"])(reshape(arange(16), [1, 1, 2, 8])).shape).toEqual([
      1, 2, 4, 2,
    ]);
    expect(() => pixelShuffle(zeros([1, 2, 2, 3]), 2)).toThrow(
      /pixelShuffle: x has 3 features, expected a multiple of r² = 4/,
    );
  });
});

describe("closeness", () => {
  it("is NumPy's", () => {
    const x = tensor([1, 1, Infinity, -Infinity, Number.NaN, 1, 0]);
    const y = tensor([1 + 1e-6, 1.1, Infinity, Infinity, Number.NaN, Infinity, 1e-9]);
    expect(isClose(x, y).toArray()).toEqual([true, false, true, false, false, false, true]);
    expect(isClose(x, y, { equalNaN: true, rtol: 0.2 }).toArray()).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
    expect([allclose(tensor([1, 2]), tensor([1.000001, 2])).item(), allclose(i32([1, 2]), 1).item()]).toEqual([
      true,
      false,
    ]);
    expect(isClose(tensor([100, 101]), 101, { rtol: 0.01, atol: 0 }).toArray()).toEqual([true, true]);
    expect(allclose(zeros([0]), 1).item()).toBe(true);
    expect(numberOf(compile(allclose, ["f64[N]", "f64[N]"])([1], [2]))).toBe(false);
    expect(() => isClose(x, y, { rtol: -1 })).toThrow(/isClose: option 'rtol' is -1, expected a number from 0/);
  });
});

describe("draws", () => {
  it("of categories are as likely as softmax says", () => {
    const n = 20_000;
    const logits = tensor([0.5, -1, 2, -Infinity]);
    const drawn = categorical(key(3), logits, { shape: [n] });
    expect([drawn.dtype, drawn.shape]).toEqual(["i32", [n]]);
    const counts = [0, 0, 0, 0];
    for (const c of drawn.toArray() as number[]) counts[c]++;
    const p = softmax(logits).toArray() as number[];
    for (const [i, count] of counts.entries())
      expect(Math.abs(count - n * p[i])).toBeLessThanOrEqual(5 * Math.sqrt(n * p[i] * (1 - p[i])));
  });

  it("of categories take axes, keys and batches", () => {
    const logits = tensor([
      [0, 1000],
      [1000, 0],
      [0, 0],
    ]);
    expect(categorical(key(1), logits.at([0, 2])).toArray()).toEqual([1, 0]);
    expect(categorical(key(1), logits.at([0, 2]), { axis: 0 }).toArray()).toEqual([1, 0]);
    expect(categorical(key(1), logits, { shape: [5, 3] }).shape).toEqual([5, 3]);
    expect(vmap((k) => categorical(k, logits))(splitKey(key(1), 4)).shape).toEqual([4, 3]);
    expect(jit((k, l) => categorical(k, l))(key(1), logits).toArray()).toEqual(categorical(key(1), logits).toArray());
    expect(categorical(key(1), tensor([0, 1], { dtype: "f32" })).rank).toBe(0);
    expect(() => categorical(key(1), logits, { shape: [5, 2] })).toThrow(
      /categorical: the shape is \[5, 2\], expected one that ends with \[3\]/,
    );
    expect(() => categorical(tensor([1]), logits)).toThrow(/key/);
  });

  it("of orders are permutations, all as likely", () => {
    const orders = vmap((k) => permutation(k, 3))(splitKey(key(5), 6000)).toArray() as number[][];
    const counts = new Map<string, number>();
    for (const order of orders) counts.set(`${order}`, (counts.get(`${order}`) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(["0,1,2", "0,2,1", "1,0,2", "1,2,0", "2,0,1", "2,1,0"]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000 * (5 / 6)));
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const moved = permutation(key(2), x, { axis: 1 }).toArray() as number[][];
    expect(moved[1].map((v, i) => v - moved[0][i])).toEqual([3, 3, 3]);
    expect([...moved[0]].sort()).toEqual([1, 2, 3]);
    expect([permutation(key(2), 0).shape, permutation(key(2), x).shape]).toEqual([[0], [2, 3]]);
    expect(compile((k, y) => permutation(k, y), ["u32[2]", "f64[N]"])(key(2), [7]).toArray()).toEqual([7]);
    expect(grad((y) => sum(permutation(key(2), y).mul(tensor([1, 1, 1]))))(tensor([1, 2, 3])).toArray()).toEqual([
      1, 1, 1,
    ]);
  });
});

describe("combining writes", () => {
  const plain = { mulAt: (a: number, b: number) => a * b, minAt: Math.min, maxAt: Math.max };

  it("combine in order, whatever meets", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("mulAt", "minAt", "maxAt"),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -4, max: 4 })), {
          minLength: 1,
          maxLength: 6,
        }),
        (name, writes) => {
          const expected = [1, 2, -3, 4];
          for (const [i, v] of writes) expected[i] = plain[name as keyof typeof plain](expected[i], v);
          const [at, values] = [i32(writes.map(([i]) => i)), tensor(writes.map(([, v]) => v))];
          const f = { mulAt, minAt, maxAt }[name as keyof typeof plain];
          expect(
            f(tensor([1, 2, -3, 4]), [at], values)
              .toArray()
              .toString(),
          ).toBe(expected.toString());
          expect(
            jit((x, i, v) => f(x, [i], v))(tensor([1, 2, -3, 4]), at, values)
              .toArray()
              .toString(),
          ).toBe(expected.toString());
        },
      ),
    );
  });

  it("take positions and ranges, as methods too", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(x.mulAt([0], 10).toArray()).toEqual([
      [10, 20],
      [3, 4],
    ]);
    expect(x.minAt([[0, 2], 1], 3).toArray()).toEqual([
      [1, 2],
      [3, 3],
    ]);
    expect(x.maxAt(1, tensor([9, 0])).toArray()).toEqual([
      [1, 2],
      [9, 4],
    ]);
    expect(() => mulAt(x, [0, 0], tensor([1, 2]))).toThrow(
      /mulAt: the value has type f64\[2\], the indices select \[\]/,
    );
    expect(() => minAt(x, [5], 1)).toThrow(/minAt: position 5 is out of range/);
  });

  it("have derivatives", () => {
    const x = tensor([1, 2, 3]);
    const at = i32([2, 0]);
    expect(grad((v) => sum(mulAt(x, [at], v, { unique: true })))(tensor([5, 6])).toArray()).toEqual([3, 1]);
    expect(grad((y) => sum(mulAt(y, [i32([2, 2])], tensor([5, 6]))))(x).toArray()).toEqual([1, 1, 30]);
    expect(grad((v) => sum(mulAt(x, [[1, 3]], v)))(tensor([5, 6])).toArray()).toEqual([2, 3]);
    expect(grad((v) => sum(minAt(x, [i32([2, 2])], v)))(tensor([3, 6])).toArray()).toEqual([0.5, 0]);
    expect(grad((v) => sum(maxAt(x, [at], v)))(tensor([5, 0])).toArray()).toEqual([1, 0]);
  });

  it("multiply with derivatives that are exact where values meet and are 0, of any order", () => {
    const weights = tensor([2, -3, 5, 7]);
    const number = fc.constantFrom(0, 0, 1, -2, 3);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), number), { minLength: 1, maxLength: 5 }),
        fc.array(number, { minLength: 4, maxLength: 4 }),
        (writes, elements) => {
          const places = writes.map(([i]) => i);
          const written = (x: Tensor, v: Tensor): Tensor => sum(mulAt(x, [i32(places)], v).mul(weights));
          // the same, one factor after the other
          const product = (x: Tensor, v: Tensor): Tensor =>
            [0, 1, 2, 3]
              .map((e) => places.reduce((p, at, k) => (at === e ? p.mul(v.at(k)) : p), x.at(e).mul(weights.at(e))))
              .reduce((a, b) => a.add(b));
          const [x, v] = [tensor(elements), tensor(writes.map(([, value]) => value))];
          const both = { wrt: [0, 1] } as const;
          const flat = (parts: unknown): readonly number[] =>
            [parts]
              .flat(2)
              .flatMap((t) => (t instanceof Tensor ? [...t.data()] : [t as number]))
              .map((n) => n + 0);
          const close = (got: unknown, wanted: unknown): void => {
            const all = flat(wanted);
            for (const [i, n] of flat(got).entries()) expect(n).toBeCloseTo(all[i], 9);
          };
          close(grad(written, both)(x, v), grad(product, both)(x, v));
          close(hessian(written, both)(x, v), hessian(product, both)(x, v));
          const third = (f: typeof written) => hessian((w: Tensor) => sum(grad((u: Tensor) => f(x, u))(w)))(v);
          close(third(written), third(product));
          const along = (f: typeof written) => jvp(f)([x, v], [tensor([1, 0, 2, -1]), v.mul(0).add(1)])[1];
          close(along(written), along(product));
        },
      ),
      { numRuns: 30 },
    );
  });
});
