// Derivatives at inputs where the algorithm behind a smooth function has none of its own: singular matrices, norms of zero
// vectors, infinities of logarithms.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import {
  add,
  compile,
  composite,
  det,
  grad,
  hessian,
  jit,
  jvp,
  logaddexp,
  logcumsumexp,
  logsumexp,
  matrixPower,
  mul,
  norm,
  prod,
  slogdet,
  std,
  sum,
  Tensor,
  tensor,
  valueAndGrad,
  variance,
  vmap,
  zeros,
} from "../src/index.ts";

type Matrix = readonly (readonly number[])[];
const numberOf = (x: unknown): unknown => (x instanceof Tensor ? x.item() : x);

/** By expansion along the first row: exact for small integers. */
function determinant(m: Matrix): number {
  if (m.length === 0) return 1;
  return m[0].reduce(
    (total, v, j) => total + (v === 0 ? 0 : (j % 2 === 0 ? v : -v) * determinant(without(m, 0, j))),
    0,
  );
}

function without(m: Matrix, i: number, j: number): Matrix {
  return m.filter((_, r) => r !== i).map((row) => row.filter((_, c) => c !== j));
}

function cofactor(m: Matrix, i: number, j: number): number {
  return ((i + j) % 2 === 0 ? 1 : -1) * determinant(without(m, i, j));
}

/** The slope of a cofactor by another element. */
function secondCofactor(m: Matrix, i: number, j: number, k: number, l: number): number {
  if (i === k || j === l) return 0;
  return ((i + j) % 2 === 0 ? 1 : -1) * cofactor(without(m, i, j), k > i ? k - 1 : k, l > j ? l - 1 : l);
}

const entries = (n: number, columns: number) =>
  fc.array(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: columns, maxLength: columns }), {
    minLength: n,
    maxLength: n,
  });

/** Square matrices of integers, of any rank: products of narrow ones, and whatever comes. */
const matrices = (most: number): fc.Arbitrary<Matrix> =>
  fc
    .integer({ min: 1, max: most })
    .chain((n) =>
      fc
        .integer({ min: 0, max: n })
        .chain((rank) =>
          rank === n
            ? entries(n, n)
            : fc
                .tuple(entries(n, rank), entries(rank, n))
                .map(([left, right]) =>
                  left.map((row) =>
                    Array.from({ length: n }, (_, j) => row.reduce((s, v, k) => s + v * right[k][j], 0)),
                  ),
                ),
        ),
    );

const sizeOf = (m: Matrix): number => Math.max(1, ...m.flat().map(Math.abs));

/** Within a share of the largest expected, or of the size that its terms may have. */
function expectClose(got: unknown, expected: unknown, tolerance: number, size = 1): void {
  const [a, b] = [got, expected].map((x) => (x as unknown[]).flat(Infinity) as number[]);
  const scale = Math.max(size, ...b.map(Math.abs));
  for (const [i, v] of b.entries()) expect(Math.abs(a[i] - v)).toBeLessThanOrEqual(tolerance * scale);
}

describe("the determinant", () => {
  const slopes = compile(grad(det), ["f64[N, N]"]);

  it("has the cofactors as its gradient, of matrices of any rank", () => {
    fc.assert(
      fc.property(matrices(5), (m) => {
        expectClose(
          slopes(m).toArray(),
          m.map((row, i) => row.map((_, j) => cofactor(m, i, j))),
          1e-13,
          sizeOf(m) ** (m.length - 1),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("has the second cofactors as its Hessian, of matrices of any rank", () => {
    const compiled = [1, 2, 3, 4].map((n) => compile(hessian(det), [`f64[${n}, ${n}]`]));
    fc.assert(
      fc.property(matrices(4), (m) => {
        const expected = m.map((r, i) =>
          r.map((_, j) => m.map((s, k) => s.map((_, l) => secondCofactor(m, i, j, k, l)))),
        );
        expectClose(compiled[m.length - 1](m).toArray(), expected, 1e-12, sizeOf(m) ** Math.max(0, m.length - 2));
      }),
      { numRuns: 60 },
    );
  });

  it("has its third derivative, a constant for 3 by 3, wherever it is asked for", () => {
    const [v, w] = [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 10],
      ]),
      tensor([
        [1, 0, 2],
        [0, 3, 1],
        [2, 2, 1],
      ]),
    ];
    const third = grad((x) => sum(grad((y) => sum(mul(grad(det)(y), v)))(x).mul(w)));
    const places = [
      zeros([3, 3]),
      tensor([
        [1, 2, 3],
        [2, 4, 6],
        [3, 6, 9],
      ]),
      tensor([
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]),
      v,
    ];
    for (const x of places)
      expectClose(
        third(x).toArray(),
        [
          [15, 15, -23],
          [20, -9, -6],
          [-17, 1, 8],
        ],
        1e-12,
      );
  });

  it("has them in forward mode, batches, maps and beside its value, which stays what it was", () => {
    const batch = tensor([
      [
        [1, 2],
        [2, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    const expected = [
      [
        [4, -2],
        [-2, 1],
      ],
      [
        [4, -3],
        [-2, 1],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ];
    expectClose(grad((x) => sum(det(x)))(batch).toArray(), expected, 1e-15);
    expectClose(vmap(grad(det))(batch).toArray(), expected, 1e-15);
    expectClose(jit(grad((x) => sum(det(x))))(batch).toArray(), expected, 1e-15);
    const [value, tangent] = jvp(det)(
      [
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ],
      [
        tensor([
          [1, 0],
          [0, 0],
        ]),
      ],
    ).map(numberOf);
    expect([value, tangent]).toEqual([det(batch.at(0)).item(), 4]);
    fc.assert(
      fc.property(matrices(4), (m) => {
        const [value] = valueAndGrad(det)(tensor(m));
        expect(numberOf(value)).toBe(det(tensor(m)).item());
      }),
      { numRuns: 30 },
    );
    expect(
      hessian((x) => mul(det(x), det(x)))(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      )
        .at(0, 0)
        .toArray(),
    ).toEqual([
      [32, -16],
      [-16, 8],
    ]);
    expect([slopes(zeros([0, 0])).shape, slopes([[7]]).toArray()]).toEqual([[0, 0], [[1]]]);
    expect(
      grad(det)(
        tensor([
          [1e-200, 0],
          [0, 1e200],
        ]),
      ).toArray(),
    ).toEqual([
      [1e200, 0],
      [0, 1e-200],
    ]);
  });

  it("leaves the sign of slogdet without slopes, and its logarithm without a derivative where there is none", () => {
    const singular = tensor([
      [1, 2],
      [2, 4],
    ]);
    expect(grad((x) => slogdet(x).sign)(singular).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect((grad((x) => slogdet(x).logabsdet)(singular).toArray() as number[][]).flat().some(Number.isFinite)).toBe(
      false,
    );
    expectClose(
      grad((x) => slogdet(x).logabsdet)(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).toArray(),
      [
        [-2, 1.5],
        [1, -0.5],
      ],
      1e-14,
    );
  });
});

describe("other functions", () => {
  const at = (f: (x: Tensor) => Tensor, x: readonly number[]) => grad(f)(tensor(x)).toArray();
  const twice = (f: (x: Tensor) => Tensor, x: readonly number[]) =>
    grad((y) => sum(mul(grad(f)(y), tensor([1, 2, 3]))))(tensor(x)).toArray();

  it("of which norms have the slope 0 at 0", () => {
    for (const p of [1, 2, 3, 1.5, 0.5, Infinity, -1, -Infinity]) {
      expect(at((x) => norm(x, { p }), [0, 0, 0])).toEqual([0, 0, 0]);
      expect(twice((x) => norm(x, { p }), [0, 0, 0])).toEqual([0, 0, 0]);
      expect((at((x) => norm(x, { p }), [3, 0, 4]) as number[]).every(Number.isFinite)).toBe(true);
    }
    expectClose(
      twice((x) => norm(x), [3, 0, 4]),
      [-0.16, 0.4, 0.12],
      1e-15,
    );
    expect(norm(tensor([1, 0, 2]), { p: -1 }).item()).toBe(0);
    expectClose([norm(tensor([1, 2]), { p: -1 }).item()], [2 / 3], 1e-15);
    expectClose(
      at((x) => norm(x, { p: -1 }), [1, 2]),
      [4 / 9, 1 / 9],
      1e-15,
    );
    expect(at(std, [2, 2, 2])).toEqual([0, 0, 0]);
    expectClose(twice(variance, [2, 2, 2]), [-2 / 3, 0, 2 / 3], 1e-15);
  });

  it("of which sums of exponentials leave out -∞, to second order", () => {
    expect(at(logsumexp, [-Infinity, -Infinity])).toEqual([0, 0]);
    expect(
      logsumexp(
        tensor([
          [-Infinity, -Infinity],
          [0, -Infinity],
        ]),
        { axes: 1 },
      ).toArray(),
    ).toEqual([-Infinity, 0]);
    const s = 1 / (1 + Math.E);
    expectClose(at(logsumexp, [-Infinity, 1, 2]), [0, s, 1 - s], 1e-15);
    expectClose(twice(logsumexp, [-Infinity, 1, 2]), [0, -s * (1 - s), s * (1 - s)], 1e-15);
    expectClose(
      twice((x) => sum(logcumsumexp(x)), [-Infinity, 1, 2]),
      [0, -s * (1 - s), s * (1 - s)],
      1e-15,
    );
    expect(
      [
        [-Infinity, -Infinity],
        [Infinity, Infinity],
        [-Infinity, 3],
        [Infinity, 3],
      ].map(([x, y]) => logaddexp(x, y).item()),
    ).toEqual([-Infinity, Infinity, 3, Infinity]);
    expect(numberOf(grad(grad((x) => logaddexp(x, -Infinity)))(tensor(-Infinity)))).toBe(0);
  });

  it("of which products and powers are polynomials", () => {
    expect([at(prod, [0, 2, 3]), at(prod, [0, 0, 3])]).toEqual([
      [6, 0, 0],
      [0, 0, 0],
    ]);
    expect(twice(prod, [0, 0, 3])).toEqual([6, 3, 0]);
    expect(
      grad((x) => sum(matrixPower(x, 2)))(
        tensor([
          [0, 1],
          [0, 0],
        ]),
      ).toArray(),
    ).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });
});

describe("composites", () => {
  it("of one name are apart", () => {
    const [double, triple] = [2, 3].map((n) => composite("times", (x: Tensor) => mul(x, n)));
    const both = (x: Tensor) => add(double(x), triple(x));
    expect(numberOf(grad(both)(tensor(1)))).toBe(5);
    expect(numberOf(jit(both)(tensor(1)))).toBe(5);
    expect(adjoint.compile(both, ["f64"]).ir).toContain("mul");
  });
});

describe("binaryCrossEntropy", () => {
  it("has derivatives at 0 and 1: those of the logarithm that is not held, 0 of the one that is", () => {
    for (const p of [0, 1])
      for (const target of [0, 0.25, 1]) {
        const f = (x: Tensor): Tensor => adjoint.binaryCrossEntropy(x, target);
        // -(1 - t) log(1 - p) at 0, -t log(p) at 1
        const weight = p === 0 ? 1 - target : target;
        const sign = p === 0 ? 1 : -1;
        const [first, second, third] = [grad(f), grad(grad(f)), grad(grad(grad(f)))].map((g) => numberOf(g(p)));
        expect([first, second, third].map((d) => (d as number) + 0)).toEqual([
          sign * weight + 0,
          weight,
          2 * sign * weight + 0,
        ]);
        expect((numberOf(hessian(f)(p)) as number) + 0).toBe(weight);
        expect((numberOf(jvp((x: Tensor) => jvp(f)([x], [1])[1])([p], [1])[1]) as number) + 0).toBe(weight);
        const rows = hessian((x: Tensor) => adjoint.binaryCrossEntropy(x, tensor([target, target])))(tensor([p, p]));
        expect(rows.add(0).toArray()).toEqual([
          [weight / 2, 0],
          [0, weight / 2],
        ]);
      }
  });
});
