// cumsum, cumprod, cummax and cummin as users call them: defaults, axes, derivatives, open sizes, refusals.

import { describe, expect, it } from "vitest";
import {
  AdjointError,
  compile,
  cummax,
  cummin,
  cumprod,
  cumsum,
  grad,
  i32,
  mul,
  sum,
  Tensor,
  tensor,
  vmap,
} from "../src/index.ts";

const grid = [
  [1, 2, 3],
  [4, 5, 6],
];

// biome-ignore format: a table one can see
const rows: readonly (readonly [name: string, data: unknown, build: (x: Tensor) => Tensor, expected: unknown])[] = [
  ["cumsum needs no axis where there is one", [1, 2, 3], (x) => cumsum(x), [1, 3, 6]],
  ["cumsum goes along an axis", grid, (x) => cumsum(x, { axis: 0 }), [[1, 2, 3], [5, 7, 9]]],
  ["cumsum goes along a negative axis", grid, (x) => x.cumsum({ axis: -1 }), [[1, 3, 6], [4, 9, 15]]],
  ["cumsum goes from the end", [1, 2, 3], (x) => cumsum(x, { reverse: true }), [6, 5, 3]],
  ["cumsum begins with 0", grid, (x) => cumsum(x, { axis: 1, includeInitial: true }), [[0, 1, 3, 6], [0, 4, 9, 15]]],
  ["cumsum ends with 0 in reverse", [1, 2], (x) => cumsum(x, { reverse: true, includeInitial: true }), [3, 2, 0]],
  ["cumsum of nothing", [], (x) => cumsum(x), []],
  ["cumsum of nothing begins with 0", [], (x) => cumsum(x, { includeInitial: true }), [0]],
  ["cumprod multiplies", [1, 2, 3, 4], (x) => cumprod(x), [1, 2, 6, 24]],
  ["cumprod begins with 1", [2, 3], (x) => x.cumprod({ includeInitial: true }), [1, 2, 6]],
  ["cummax keeps the largest", [1, 3, 2, 4], (x) => cummax(x), [1, 3, 3, 4]],
  ["cummax stays NaN", [1, NaN, 2], (x) => x.cummax(), [1, NaN, NaN]],
  ["cummin keeps the smallest", [[3, 1], [2, 5]], (x) => cummin(x, { axis: 0 }), [[3, 1], [2, 1]]],
  ["cummin goes from the end", [3, 1, 2], (x) => x.cummin({ reverse: true }), [1, 1, 2]],
];

const nested = (result: unknown): unknown => (result instanceof Tensor ? result.toArray() : result);
const compiled = (f: (x: Tensor) => Tensor, type: string): ((x: unknown) => unknown) => {
  const call = compile(f, [type]) as unknown as (x: unknown) => unknown;
  return (x) => nested(call(x));
};

describe("running sums, products and extrema", () => {
  it.each(rows)("%s", (_, data, build, expected) => {
    const x = tensor(data as number[]);
    expect(build(x).toArray()).toEqual(expected);
    expect(compiled(build, `${x.dtype}[${x.shape.join(", ")}]`)(data)).toEqual(expected);
  });

  it("keep the dtype", () => {
    expect(cumsum(i32([2147483647, 1])).dtype).toBe("i32");
    expect(cumsum(i32([2147483647, 1])).toArray()).toEqual([2147483647, -2147483648]);
  });

  it("take any size", () => {
    const f = compiled((x) => cumsum(x, { axis: 0 }), "f64[N, M]");
    expect(f(grid)).toEqual([
      [1, 2, 3],
      [5, 7, 9],
    ]);
    expect(f([[7]])).toEqual([[7]]);
    expect(f([[]])).toEqual([[]]);
  });

  it("have derivatives that are exact where factors are 0 and go to the first of equal elements", () => {
    const total = (f: (x: Tensor) => Tensor) => (x: Tensor) => sum(f(x));
    const gradient = (f: (x: Tensor) => Tensor, x: number[]): unknown => nested(grad(total(f))(tensor(x)));
    expect(gradient(cumsum, [1, 2, 3])).toEqual([3, 2, 1]);
    expect(gradient(cumprod, [2, 0, 3])).toEqual([1, 8, 0]);
    expect(gradient(cumprod, [2, 4, 3])).toEqual([17, 8, 8]);
    expect(gradient(cummax, [1, 3, 3, 2])).toEqual([1, 3, 0, 0]);
    expect(gradient((x) => mul(cummin(x), cummin(x)), [2, 1, 5])).toEqual([4, 4, 0]);
  });

  it("map over a batch", () => {
    const rows = vmap((x: Tensor) => cumsum(x, { reverse: true }))(tensor(grid));
    expect(nested(rows)).toEqual([
      [6, 5, 3],
      [15, 11, 6],
    ]);
  });
});

describe("what is refused", () => {
  const refused: readonly (readonly [body: () => unknown, code: string, message: string])[] = [
    [
      () => cumsum(tensor(grid)),
      "axis",
      "cumsum: the tensor has rank 2, expected an axis: write { axis: -1 } for the last one, { axis: null } for all elements",
    ],
    [() => cumprod(tensor(1)), "axis", "cumprod: the tensor has rank 0, expected an axis: a scalar has no axes"],
    [() => cummax(tensor(grid), { axis: 2 }), "axis", "cummax: axis 2 is out of range for rank 2: expected -2 to 1"],
    [() => cumsum(tensor([true])), "dtype", "cumsum: the operand has dtype bool, expected numbers: cast it"],
    [
      () => cummin(tensor([1]), { includeInitial: true } as never),
      "option",
      "cummin: unknown option 'includeInitial', expected one of axis, reverse",
    ],
  ];
  it.each(refused)("%s", (body, code, message) => {
    try {
      body();
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
      expect([error.code, error.reason]).toEqual([code, message]);
      expect(error.origin?.file).toMatch(/cumulative\.test\.ts$/);
      return;
    }
    throw new Error("no error was thrown");
  });
});
