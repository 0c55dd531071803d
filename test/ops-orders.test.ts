// What moves, reduces and contracts elements, against the definitions written out: subscripts and orders.

import { describe, expect, it } from "vitest";
import { axisPairs, type DType, dtypes, emit, isFloat, type NdArray } from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { records } from "../src/ops/index.ts";
import { everyWay, type Nested, nd } from "./backends.ts";
import { ordinary, runOn } from "./op-cases.ts";

const [nan, inf] = [Number.NaN, Infinity];

function product(lists: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return lists.reduce<readonly (readonly number[])[]>((all, l) => all.flatMap((a) => l.map((x) => [...a, x])), [[]]);
}

function subscripts(shape: readonly number[]): readonly (readonly number[])[] {
  return product(shape.map((n) => Array.from({ length: n }, (_, i) => i)));
}

function elementAt(a: NdArray, at: readonly number[]): number {
  return a.data[at.reduce((offset, i, axis) => offset * a.shape[axis] + i, 0)];
}

describe("moving elements", () => {
  it.each([
    [
      [2, 3],
      [2, 3, 4],
      [0, 1],
    ],
    [
      [2, 3],
      [3, 4, 2],
      [2, 0],
    ],
    [[], [2, 2], []],
    [
      [1, 2],
      [1, 2, 2],
      [0, 2],
    ],
    [[0], [3, 0], [1]],
    [[2], [0, 2], [1]],
  ])("broadcast of %j to %j along %j", (from, to, axes) => {
    const x = ordinary("f32", from, 3);
    const [r] = runOn([x], (v) => [ops.broadcast(v, to, axes)]);
    expect(r.shape).toEqual(to);
    expect([...r.data]).toEqual(
      subscripts(to).map((at) =>
        elementAt(
          x,
          axes.map((a) => at[a]),
        ),
      ),
    );
  });

  it.each([
    [
      [2, 3, 4],
      [2, 0, 1],
    ],
    [
      [2, 3, 4],
      [0, 2, 1],
    ],
    [
      [0, 2],
      [1, 0],
    ],
    [[3], [0]],
    [[], []],
  ])("permute of %j by %j", (shape, permutation) => {
    const x = ordinary("f64", shape, 4);
    const [r] = runOn([x], (v) => emit(records.permute, [v], { attributes: { permutation } }));
    const to = permutation.map((p) => shape[p]);
    expect(r.shape).toEqual(to);
    const from = (at: readonly number[]): readonly number[] => shape.map((_, a) => at[permutation.indexOf(a)]);
    expect([...r.data]).toEqual(subscripts(to).map((at) => elementAt(x, from(at))));
  });

  it.each([
    [
      [2, 6],
      [3, 4],
    ],
    [[4], [2, 1, 2]],
    [[1, 1], []],
    [
      [0, 3],
      [5, 0],
    ],
  ])("reshape of %j to %j", (from, to) => {
    const x = ordinary("f64", from, 5);
    const [r] = runOn([x], (v) => [ops.reshape(v, to)]);
    expect([r.shape, [...r.data]]).toEqual([to, [...x.data]]);
  });

  it.each([
    [[5], [1], [5], [2]],
    [[5], [2], [2], [1]],
    [
      [3, 4],
      [1, 0],
      [3, 4],
      [1, 3],
    ],
    [
      [0, 2],
      [0, 1],
      [0, 2],
      [1, 1],
    ],
    [[], [], [], []],
  ])("slice of %j from %j to %j by %j", (shape, start, limit, strides) => {
    const x = ordinary("f32", shape, 6);
    const [r] = runOn([x], (v) => [ops.slice(v, { start, limit, strides })]);
    const to = shape.map((_, a) => Math.ceil((limit[a] - start[a]) / strides[a]));
    expect(r.shape).toEqual(to);
    expect([...r.data]).toEqual(
      subscripts(to).map((at) =>
        elementAt(
          x,
          at.map((i, a) => start[a] + i * strides[a]),
        ),
      ),
    );
  });

  it.each([
    [[3], [1], [2], [0]],
    [[3], [-1], [0], [2]],
    [[2], [-3], [2], [1]],
    [[0], [2], [0], [5]],
    [
      [2, 3],
      [0, -2],
      [1, 4],
      [1, 2],
    ],
  ])("pad of %j by %j, %j and %j between", (shape, low, high, interior) => {
    const x = ordinary("f64", shape, 7);
    const [r] = runOn([x, nd("f64", 9)], (v, w) => [ops.pad(v, { low, high, interior }, w)]);
    const to = shape.map((n, a) => low[a] + n + Math.max(n - 1, 0) * interior[a] + high[a]);
    expect(r.shape).toEqual(to);
    const expected = new Map(
      subscripts(shape).map((at) => [at.map((i, a) => low[a] + i * (interior[a] + 1)).join(), elementAt(x, at)]),
    );
    expect([...r.data]).toEqual(subscripts(to).map((at) => expected.get(at.join()) ?? 9));
  });

  it.each([
    [[4], [0]],
    [
      [2, 3],
      [0, 1],
    ],
    [[2, 0], [1]],
  ])("reverse of %j along %j", (shape, axes) => {
    const x = ordinary("f64", shape, 8);
    const [r] = runOn([x], (v) => [ops.reverse(v, axes)]);
    const from = (at: readonly number[]): readonly number[] =>
      at.map((i, a) => (axes.includes(a) ? shape[a] - 1 - i : i));
    expect([...r.data]).toEqual(subscripts(shape).map((at) => elementAt(x, from(at))));
  });

  it("gives the operand itself where permute moves nothing", () => {
    runOn([ordinary("f64", [2, 3], 1)], (x) => {
      expect(ops.permute(x, [0, 1])).toBe(x);
      return [x];
    });
  });
});

const identities: Readonly<Record<string, (dtype: DType) => number>> = {
  sum: () => 0,
  prod: () => 1,
  max: (d) => (isFloat(d) ? -Infinity : dtypes[d].min),
  min: (d) => (isFloat(d) ? Infinity : dtypes[d].max),
  and: () => 1,
  or: () => 0,
};

const combinations: Readonly<Record<string, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
};

/** The definition: sixteen accumulators along a reduced last axis, else one; then the tree. */
function reduceByDefinition(x: NdArray, kind: string, axes: readonly number[]): number[] {
  const { round } = dtypes[x.dtype];
  const combine = (a: number, b: number): number => round(combinations[kind](a, b));
  const rank = x.shape.length;
  const kept = x.shape.map((_, a) => a).filter((a) => !axes.includes(a));
  const inner = x.shape.map((_, a) => a).filter((a) => axes.includes(a));
  return subscripts(kept.map((a) => x.shape[a])).map((outer) => {
    const acc = new Array(16).fill(identities[kind](x.dtype));
    for (const along of subscripts(inner.map((a) => x.shape[a]))) {
      const at = x.shape.map((_, a) => (kept.includes(a) ? outer[kept.indexOf(a)] : along[inner.indexOf(a)]));
      const lane = axes.includes(rank - 1) ? at[rank - 1] % 16 : 0;
      acc[lane] = combine(acc[lane], elementAt(x, at));
    }
    for (const w of [8, 4, 2, 1]) for (let j = 0; j < w; j++) acc[j] = combine(acc[j], acc[j + w]);
    return acc[0];
  });
}

const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[0], [0]],
  [[1], [0]],
  [[15], [0]],
  [[16], [0]],
  [[17], [0]],
  [[53], [0]],
  [[5, 37], [1]],
  [[37, 5], [0]],
  [
    [5, 37],
    [0, 1],
  ],
  [
    [5, 37],
    [1, 0],
  ],
  [
    [3, 4, 21],
    [0, 2],
  ],
  [
    [3, 4, 5],
    [0, 1],
  ],
  [[2, 0], [1]],
  [[0, 2], [1]],
  [
    [0, 2],
    [0, 1],
  ],
];

describe("reduce combines in the defined order", () => {
  it.each(shapes)("%j over %j", (shape, axes) => {
    for (const dtype of ["f64", "f32", "i32", "u8", "bool"] as const) {
      for (const kind of dtype === "bool" ? (["and", "or"] as const) : (["sum", "prod", "max", "min"] as const)) {
        const x = ordinary(dtype, shape, 8);
        if (dtype === "i32" && kind === "prod") continue; // the definition above has no 64-bit product
        const [r] = runOn([x], (v) => [ops.reduce(v, { kind, axes })]);
        expect([...r.data], `${kind} ${dtype}`).toEqual(reduceByDefinition(x, kind, axes));
      }
    }
  });

  it.each([0, 1, 2, 15, 16, 17, 31, 32, 33, 100])("as loops too, a symbolic last axis of %d", (n) => {
    const text = `func @f<N>(%x: f32[3, N]) -> (f32[3], f32, f32[N], f32) {
  %rows = reduce %x, kind = sum, axes = [1] : f32[3]
  %all = reduce %x, kind = sum, axes = [0, 1] : f32
  %columns = reduce %x, kind = prod, axes = [0] : f32[N]
  %max = reduce %x, kind = max, axes = [1, 0] : f32
  return %rows, %all, %columns, %max
}`;
    const x = ordinary("f32", [3, n], 9);
    const got = everyWay(text, "f", [x]).map((a) => [...a.data]);
    const expected = [
      ["sum", [1]],
      ["sum", [0, 1]],
      ["prod", [0]],
      ["max", [0, 1]],
    ] as const;
    expect(got).toEqual(expected.map(([kind, axes]) => reduceByDefinition(x, kind, axes)));
  });

  it.each([0, 1, 5, 16, 19, 32])("as loops too, a last axis that is known to be %d", (n) => {
    const text = `func @f(%x: f64[2, ${n}]) -> (f64[2], f64) {
  %rows = reduce %x, kind = sum, axes = [1] : f64[2]
  %all = reduce %x, kind = prod, axes = [0, 1] : f64
  return %rows, %all
}`;
    const x = ordinary("f64", [2, n], 10);
    const got = everyWay(text, "f", [x]).map((a) => [...a.data]);
    expect(got).toEqual([reduceByDefinition(x, "sum", [1]), reduceByDefinition(x, "prod", [0, 1])]);
  });

  it("starts sums from +0, lets NaN through, gives x over no axes", () => {
    const of = (x: Nested, kind: ops.ReduceKind, axes = [0]): number[] => [
      ...runOn([nd("f64", x)], (v) => [ops.reduce(v, { kind, axes })])[0].data,
    ];
    expect(of([-0, -0], "sum")).toEqual([0]);
    expect(of([-0, 0], "max")).toEqual([0]);
    expect(of([1, nan, 3], "max")).toEqual([nan]);
    expect(of([nan, -inf], "min")).toEqual([nan]);
    expect(of([0, inf], "prod")).toEqual([nan]);
    expect(of([-0, 1], "sum", [])).toEqual([-0, 1]);
    const i32 = runOn([nd("i32", [65537, 65537, 2 ** 31 - 1])], (v) => [ops.reduce(v, { kind: "prod", axes: [0] })]);
    expect(i32[0].data[0]).toBe(Math.imul(131073, 2 ** 31 - 1));
  });
});

const pairs = (left: readonly number[], right: readonly number[]) => axisPairs(left, right);

describe("dot adds rounded products in ascending order", () => {
  it.each([
    [[2, 3], [3, 4], pairs([1], [0]), pairs([], [])],
    [[3, 2], [4, 3], pairs([0], [1]), pairs([], [])],
    [[2, 3, 4], [4, 2, 5], pairs([2], [0]), pairs([0], [1])],
    [[2, 3, 4], [3, 5, 2], pairs([1, 0], [0, 2]), pairs([], [])],
    [[2, 3, 2], [2, 3, 2], pairs([1], [1]), pairs([2, 0], [0, 2])],
    [[2], [3], pairs([], []), pairs([], [])],
    [[100], [100], pairs([0], [0]), pairs([], [])],
    [[2, 0], [0, 3], pairs([1], [0]), pairs([], [])],
    [[0, 2], [2, 3], pairs([1], [0]), pairs([], [])],
    [[], [], pairs([], []), pairs([], [])],
  ])("%j and %j, contract %j, batch %j", (p, q, contract, batch) => {
    for (const dtype of ["f64", "f32", "i32"] as const) {
      const [x, y] = [ordinary(dtype, p, 11), ordinary(dtype, q, 12)];
      const [r] = runOn([x, y], (a, b) => [ops.dot(a, b, { contract, batch })]);
      expect([...r.data], dtype).toEqual(dotByDefinition(x, y, contract, batch));
    }
  });

  it("wraps integers and lets NaN through", () => {
    const run = (dtype: DType, x: Nested, y: Nested): number =>
      runOn([nd(dtype, x), nd(dtype, y)], (a, b) => [ops.dot(a, b, { contract: pairs([0], [0]) })])[0].data[0];
    expect(run("i32", [65537, 1], [65537, -1])).toBe(131072);
    expect(run("u8", [200, 100], [2, 1])).toBe(244);
    expect(run("f64", [0, 1], [inf, 1])).toBe(nan);
    expect(run("f64", [-0], [1])).toBe(0);
  });

  it("as loops too, for symbolic sizes", () => {
    const text = `func @f<B, K>(%x: f32[B, K], %y: f32[K, 3]) -> f32[B, 3] {
  %z = dot %x, %y, contract = [1] x [0] : f32[B, 3]
  return %z
}`;
    for (const [b, k] of [
      [0, 2],
      [2, 0],
      [1, 1],
      [5, 19],
    ]) {
      const [x, y] = [ordinary("f32", [b, k], 13), ordinary("f32", [k, 3], 14)];
      const got = everyWay(text, "f", [x, y]).map((a) => [...a.data]);
      expect(got).toEqual([dotByDefinition(x, y, pairs([1], [0]), pairs([], []))]);
    }
  });
});

function dotByDefinition(x: NdArray, y: NdArray, contract: ReturnType<typeof pairs>, batch: ReturnType<typeof pairs>) {
  const { round } = dtypes[x.dtype];
  const free = (a: NdArray, taken: readonly number[]): readonly number[] =>
    a.shape.map((_, axis) => axis).filter((axis) => !taken.includes(axis));
  const [p, q] = [free(x, [...batch.left, ...contract.left]), free(y, [...batch.right, ...contract.right])];
  const extents = (a: NdArray, axes: readonly number[]): readonly number[] => axes.map((axis) => a.shape[axis]);
  const place = (axes: readonly (readonly number[])[], at: readonly (readonly number[])[]): readonly number[] => {
    const result: number[] = [];
    for (const [g, group] of axes.entries()) for (const [i, axis] of group.entries()) result[axis] = at[g][i];
    return result;
  };
  return subscripts(extents(x, batch.left)).flatMap((b) =>
    subscripts(extents(x, p)).flatMap((i) =>
      subscripts(extents(y, q)).map((j) => {
        let acc = 0;
        for (const k of subscripts(extents(x, contract.left))) {
          const left = elementAt(x, place([batch.left, p, contract.left], [b, i, k]));
          const right = elementAt(y, place([batch.right, q, contract.right], [b, j, k]));
          acc = round(acc + round(left * right));
        }
        return acc;
      }),
    ),
  );
}
