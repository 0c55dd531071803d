// Linear algebra against its definitions: products of factors, residuals, determinants.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cholesky,
  compile,
  concat,
  cross,
  det,
  f32,
  grad,
  inverse,
  jit,
  kron,
  lu,
  matmul,
  matrixPower,
  matrixTranspose,
  slogdet,
  solve,
  type Tensor,
  take,
  tensor,
  triangularSolve,
  tril,
  triu,
} from "../src/index.ts";
import { messageOf } from "./support/errors.ts";

function near(x: Tensor, y: Tensor, tolerance = 1e-9): void {
  expect(x.shape).toEqual(y.shape);
  const [a, b] = [x.data(), y.data()];
  for (let i = 0; i < a.length; i++)
    expect(Math.abs(a[i] - b[i])).toBeLessThanOrEqual(tolerance * (1 + Math.abs(b[i])));
}

/** A matrix with no structure, its diagonal large enough to be far from singular. */
function matrix(n: number, seed: number, lift = n): Tensor {
  const data = Float64Array.from({ length: n * n }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233));
  for (let i = 0; i < n; i++) data[i * n + i] += lift;
  return tensor(data, { shape: [n, n] });
}

const sizes = fc.integer({ min: 0, max: 7 });

describe("linear algebra", () => {
  it("factors and solves matrices of any size, with one compilation", () => {
    const factor = jit((a: Tensor) => cholesky(a)) as (a: Tensor) => Tensor;
    const system = jit((a: Tensor, b: Tensor) => solve(a, b)) as (a: Tensor, b: Tensor) => Tensor;
    fc.assert(
      fc.property(sizes, fc.nat(100), (n, seed) => {
        const a = matrix(n, seed, 0.1);
        const symmetric = matmul(a, matrixTranspose(a)).add(matrixPower(a, 0));
        const l = factor(symmetric);
        near(matmul(l, matrixTranspose(l)), symmetric);
        near(matmul(a, system(a, symmetric)), symmetric, 1e-6);
      }),
      { numRuns: 30 },
    );
  });

  it("gives factors that make the matrix, its rows exchanged", () => {
    const factors = jit((a: Tensor) => lu(a)) as (a: Tensor) => ReturnType<typeof lu>;
    fc.assert(
      fc.property(sizes, fc.nat(100), (n, seed) => {
        const a = matrix(n, seed, 0);
        const { lower, upper, permutation } = factors(a);
        near(matmul(lower, upper), take(a, permutation, { axis: 0 }));
        expect([...permutation.data()].sort((p, q) => p - q)).toEqual([...Array(n).keys()]);
        const [l, u] = [lower.toArray(), upper.toArray()] as unknown as readonly number[][][];
        for (let i = 0; i < n; i++) {
          expect(l[i][i]).toBe(1);
          for (let j = 0; j < i; j++) {
            expect(Math.abs(l[i][j])).toBeLessThanOrEqual(1);
            expect([l[j][i], u[i][j]]).toEqual([0, 0]);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("solves triangular systems, of either triangle and its transpose, without reading the other", () => {
    const [a, b] = [matrix(4, 3), matrix(4, 9)];
    const ones = matrixPower(a, 0);
    for (const lower of [true, false]) {
      for (const unit of [true, false]) {
        const strict = lower ? tril(a, { k: -1 }) : triu(a, { k: 1 });
        const whole = unit ? strict.add(ones) : lower ? tril(a) : triu(a);
        near(matmul(whole, triangularSolve(a, b, { lower, unit })), b);
        near(matmul(matrixTranspose(whole), triangularSolve(a, b, { lower, unit, transpose: true })), b);
      }
    }
    const batch = triangularSolve(tensor([a.toArray(), a.toArray()] as number[][][]), tensor([1, 2, 3, 4]));
    near(matmul(tril(a), batch.at(1)), tensor([1, 2, 3, 4]));
    expect(messageOf(() => triangularSolve(a, tensor([1, 2])))).toMatch(/^triangularSolve: the right side has 2 rows/);
  });

  it("exchanges rows where it has to", () => {
    const a = tensor([
      [0, 1, 0],
      [0, 0, 2],
      [3, 0, 0],
    ]);
    expect(solve(a, tensor([1, 4, 6])).toArray()).toEqual([2, 1, 2]);
    expect(det(a).item()).toBe(6);
    near(matmul(a, inverse(a)), matrixPower(a, 0));
    expect(
      slogdet(
        tensor([
          [0, 2],
          [3, 0],
        ]),
      ).sign.item(),
    ).toBe(-1);
    expect(
      slogdet(
        tensor([
          [0, 2],
          [3, 0],
        ]),
      ).logabsdet.item(),
    ).toBeCloseTo(Math.log(6), 12);
    expect(
      det(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ).item(),
    ).toBeCloseTo(0, 12);
  });

  it("solves for many right sides, the axes before the matrices broadcast", () => {
    const a = tensor([matrix(3, 1).toArray(), matrix(3, 2).toArray()] as number[][][]);
    const [vector, columns] = [tensor([1, 2, 3]), matrix(3, 5)];
    const one = solve(a, vector);
    const many = solve(matrix(3, 1), tensor([columns.toArray(), columns.toArray()] as number[][][]));
    expect([one.shape, many.shape]).toEqual([
      [2, 3],
      [2, 3, 3],
    ]);
    for (const i of [0, 1]) {
      near(matmul(a.at(i), one.at(i)), vector);
      expect(many.at(i).data()).toEqual(solve(matrix(3, 1), columns).data());
    }
    const open = compile((x: Tensor, y: Tensor) => solve(x, y), ["f64[B, N, N]", "f64[N, M]"]);
    expect((open(a, columns) as Tensor).data()).toEqual(solve(a, columns).data());
    expect(messageOf(() => solve(a, tensor(new Float64Array(27), { shape: [3, 3, 3] })))).toMatch(
      /^solve: operands of types f64\[2, 3, 3\] and f64\[3, 3, 3\] do not broadcast: 2 and 3 differ$/,
    );
  });

  it("takes batches, in f32 too, with the same bits on every backend", () => {
    const batch = f32([
      [
        [4, 1],
        [1, 3],
      ],
      [
        [0, 2],
        [2, 1],
      ],
    ]);
    const f = (a: Tensor): readonly Tensor[] => [
      inverse(a),
      det(a),
      cholesky(
        a.mul(a).add(
          f32([
            [5, 0],
            [0, 5],
          ]),
        ),
      ),
    ];
    const [js, interpreted] = (["js", "interpret"] as const).map(
      (backend) => compile(f, ["f32[B, 2, 2]"], { backend })(batch) as readonly Tensor[],
    );
    for (const [i, t] of js.entries()) expect(t.data()).toEqual(interpreted[i].data());
    expect(js[1].toArray()).toEqual([11, -4]);
  });

  it("has the gradients of the textbook", () => {
    const a = matrix(3, 1);
    // d det = det · a⁻ᵀ, d log det = a⁻ᵀ
    near(grad(det)(a) as Tensor, matrixTranspose(inverse(a)).mul(det(a).item() as number));
    near(grad((x: Tensor) => slogdet(x).logabsdet)(a) as Tensor, matrixTranspose(inverse(a)));
  });

  it("multiplies in other ways", () => {
    expect(
      matrixPower(
        tensor([
          [1, 1],
          [0, 1],
        ]),
        5,
      ).toArray(),
    ).toEqual([
      [1, 5],
      [0, 1],
    ]);
    near(matrixPower(matrix(3, 2), -2), inverse(matmul(matrix(3, 2), matrix(3, 2))));
    expect(kron(tensor([[1, 2]]), tensor([[1], [10]])).toArray()).toEqual([
      [1, 2],
      [10, 20],
    ]);
    expect(cross(tensor([1, 0, 0]), tensor([0, 1, 0])).toArray()).toEqual([0, 0, 1]);
    // extents that are sums, and others that broadcast
    const longer = compile((x: Tensor, y: Tensor) => kron(concat([x, x.at([0, 1])]), y), ["f64[N]", "f64[M]"]);
    expect((longer([1, 2], [1, 10]) as Tensor).toArray()).toEqual([1, 10, 2, 20, 1, 10]);
    const normals = compile((x: Tensor, y: Tensor) => cross(x, y), ["f64[B, N]", "f64[N]"]);
    const rows = [
      [1, 0, 0],
      [0, 0, 2],
    ];
    expect((normals(rows, [0, 1, 0]) as Tensor).toArray()).toEqual([
      [0, 0, 1],
      [-2, 0, 0],
    ]);
    expect(cross(matrixTranspose(tensor(rows)), tensor([[0], [1], [0]]), { axis: 0 }).toArray()).toEqual([
      [0, -2],
      [0, 0],
      [1, 0],
    ]);
    expect(messageOf(() => normals([[1, 2]], [1, 2]))).toMatch(/N is 2, expected 3/);
  });

  it("says what does not fit", () => {
    expect(messageOf(() => det(tensor([1, 2])))).toMatch(/det: the tensor has shape \[2\], expected square matrices/);
    expect(messageOf(() => cholesky(tensor([[1, 2, 3]])))).toBe(
      "cholesky: the tensor has shape [1, 3], expected square matrices in its last two axes",
    );
    const open = compile((x: Tensor) => det(x), ["f64[M, N]"]);
    expect(messageOf(() => open([[1, 2, 3]]))).toMatch(/N is 3, expected M = 1/);
    expect(messageOf(() => solve(matrix(2, 1), tensor([1, 2, 3])))).toBe(
      "solve: the right side has 3 rows, expected 2, one for each of the matrix",
    );
    expect(messageOf(() => solve(matrix(2, 1), f32([1, 2])))).toBe(
      "solve: the matrix is f64 and the right side f32: cast one of them",
    );
    expect(messageOf(() => solve(matrix(2, 1), tensor(1)))).toMatch(/the right side has rank 0, expected a vector/);
    expect(messageOf(() => cross(tensor([1, 2]), tensor([1, 2, 3])))).toBe(
      "cross: the shapes are [2] and [3], expected 3 on axis -1",
    );
    expect(messageOf(() => cross(tensor([1, 2, 3]), tensor([1, 2, 3]), { axis: 4 }))).toMatch(/axis 4 is out of range/);
    expect(messageOf(() => inverse(tensor(new Int32Array(4), { shape: [2, 2] })))).toMatch(/i32/);
  });
});
