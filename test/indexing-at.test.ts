// What users call to read and replace elements by indices: at once, traced, declared, in loops, with derivatives; and what
// is refused.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addAt,
  argMax,
  at,
  bool,
  compile,
  dynamicSlice,
  dynamicUpdateSlice,
  embedding,
  exp,
  f32,
  fori,
  Graph,
  grad,
  type Index,
  i32,
  jit,
  mul,
  type Nested,
  Session,
  set,
  sum,
  Tensor,
  take,
  takeAlongAxis,
  tensor,
  u8,
} from "../src/index.ts";
import { errorOf } from "./support/errors.ts";

const grid = [
  [1, 2, 3],
  [4, 5, 6],
];

type Build = (x: Tensor) => Tensor;

// biome-ignore format: a table one can see
const rows: readonly (readonly [what: string, x: Nested, build: Build, expected: unknown])[] = [
  ["an integer drops its axis", grid, (x) => x.at(1), [4, 5, 6]],
  ["integers for all axes leave a scalar", grid, (x) => x.at(1, 2), 6],
  ["negative integers count from the end", grid, (x) => at(x, -1, -3), 4],
  ["a range keeps its axis", grid, (x) => x.at([0, 1]), [[1, 2, 3]]],
  ["a range may be open, and counts from the end", grid, (x) => x.at([null, null], [1, null]).at(0, [null, -1]), [2]],
  ["a range may be empty", grid, (x) => x.at([2, null]), []],
  ["null is a new axis", [1, 2], (x) => x.at(null, [null, null], null), [[[1], [2]]]],
  ["the dots stand for what is left", grid, (x) => x.at("...", 0), [1, 4]],
  ["the dots may stand for nothing", grid, (x) => x.at(0, "...", 0), 1],
  ["nothing selects all", grid, (x) => x.at(), grid],
  ["an axis may be named by its size", [1, 2, 3], (x) => x.at(["3-2", "3"]), [2, 3]],
  ["a tensor of indices takes rows", grid, (x) => x.at(i32([1, 0, 1])), [[4, 5, 6], [1, 2, 3], [4, 5, 6]]],
  ["a tensor of indices gives its axes", grid, (x) => x.at(0, i32([[2], [0]])), [[3], [1]]],
  ["a scalar tensor drops its axis", grid, (x) => x.at("...", i32(1)), [2, 5]],
  ["unsigned indices do as well", grid, (x) => x.at(u8([1])), [[4, 5, 6]]],
  ["tensors go along with each other", grid, (x) => x.at(i32([0, 1]), i32([2, 0])), [3, 4]],
  ["tensors broadcast", grid, (x) => x.at(i32([[0], [1]]), i32([2, 0])), [[3, 1], [6, 4]]],
  ["tensors beside each other keep their place", [grid], (x) => x.at([null, null], i32([0, 1]), i32([2, 0])), [[3, 4]]],
  ["tensors apart go in front", [[[1, 2], [3, 4]]], (x) => x.at(i32([0, 0, 0]), [0, 2], i32([1, 0, 1])), [[2, 4], [1, 3], [2, 4]]],
  ["a tensor and a range", grid, (x) => x.at([1, null], i32([2, 2])), [[6, 6]]],
  ["a computed index", [3, 9, 4], (x) => x.at(argMax(x)), 9],

  ["set puts a number", grid, (x) => x.set([0, 1], 9), [[1, 9, 3], [4, 5, 6]]],
  ["set takes one index", grid, (x) => x.set(-1, 9), [[1, 2, 3], [9, 9, 9]]],
  ["set puts a range", grid, (x) => set(x, ["...", [1, null]], x.at("...", [0, 2])), [[1, 1, 2], [4, 4, 5]]],
  ["set broadcasts", grid, (x) => x.set([[null, null], [0, 2]], x.at([null, null], [2, 3])), [[3, 3, 3], [6, 6, 6]]],
  ["set by a tensor: the last one stays", [1, 2, 3], (x) => x.set([i32([0, 2, 0])], tensor([7, 8, 9])), [9, 2, 8]],
  ["set by a tensor and more", grid, (x) => x.set([-1, i32([0, 2])], tensor([7, 8])), [[1, 2, 3], [7, 5, 8]]],
  ["set by a tensor and a range", grid, (x) => x.set([[1, 2], i32([0, 2])], tensor([[7, 8]])), [[1, 2, 3], [7, 5, 8]]],
  ["set by several tensors", grid, (x) => x.set([i32([0, 1]), i32([2, 0])], 0), [[1, 2, 0], [0, 5, 6]]],
  ["set under new axes", grid, (x) => x.set([null, 0], tensor([[7, 8, 9]])), [[7, 8, 9], [4, 5, 6]]],
  ["set of nothing", grid, (x) => x.set([[0, 0]], 9), grid],
  ["set of everything", grid, (x) => x.set([], 9), [[9, 9, 9], [9, 9, 9]]],
  ["add adds to a range", grid, (x) => x.add([0, [1, 3]], 10), [[1, 12, 13], [4, 5, 6]]],
  ["add adds all of several", [1, 2, 3], (x) => x.add([i32([1, 1, 0])], tensor([10, 100, 5])), [6, 112, 3]],
  ["add takes one index", [1, 2], (x) => addAt(x, 1, 10), [1, 12]],
  ["add of one operand is the sum", [1, 2], (x) => x.add(x), [2, 4]],

  ["take goes along an axis", grid, (x) => take(x, i32([2, 0]), { axis: 1 }), [[3, 1], [6, 4]]],
  ["take gives the axes of the indices", [5, 6, 7], (x) => x.take(i32([[2], [0]])), [[7], [5]]],
  ["take clamps", [5, 6, 7], (x) => take(x, i32([-4, 9]), { mode: "clamp" }), [5, 7]],
  ["take fills", [5, 6, 7], (x) => take(x, i32([-4, 1, 9]), { mode: "fill" }), [0, 6, 0]],
  ["takeAlongAxis goes along the last axis", grid, (x) => takeAlongAxis(x, i32([[2, 0], [0, 0]])), [[3, 1], [4, 4]]],
  ["takeAlongAxis broadcasts", grid, (x) => takeAlongAxis(x, i32([[1, 0, 1]]), { axis: 0 }), [[4, 2, 6]]],
  ["takeAlongAxis takes what argMax found", grid, (x) => x.takeAlongAxis(argMax(x, { axis: 0, keepDims: true }), { axis: 0 }), [[4, 5, 6]]],
  ["embedding gives a row for each index", grid, (x) => embedding(i32([[1, 0]]), x), [[[4, 5, 6], [1, 2, 3]]]],
  ["dynamicSlice takes a box", grid, (x) => dynamicSlice(x, [i32(1), 0], [1, 2]), [[4, 5]]],
  ["dynamicSlice moves the box to be within", grid, (x) => x.dynamicSlice([9, i32(-9)], [1, 2]), [[4, 5]]],
  ["dynamicUpdateSlice puts a box", grid, (x) => dynamicUpdateSlice(x, tensor([[8, 9]]), [i32(0), 1]), [[1, 8, 9], [4, 5, 6]]],
];

function nested(result: unknown): unknown {
  return result instanceof Tensor ? result.toArray() : result;
}

describe("elements by indices", () => {
  it.each(rows)("%s", (_, data, build, expected) => {
    const x = tensor(data);
    expect(build(x).toArray()).toEqual(expected);
    const traced = compile(build, [`${x.dtype}[${x.shape.join(", ")}]`]);
    expect(nested((traced as (...args: unknown[]) => unknown)(data))).toEqual(expected);
    const graph = new Graph();
    const declared = build(graph.placeholder(x.dtype, { name: "x", shape: x.shape }));
    expect(nested(new Session(graph).run(declared, { x: data }))).toEqual(expected);
  });

  it("are taken of sizes that are open", () => {
    const ends = jit((x: Tensor) => mul(x.at(0), x.at(-1)));
    expect([ends(tensor([2, 3])), ends(tensor([2, 3, 5]))].map(nested)).toEqual([6, 10]);
    const inner = compile((x: Tensor) => x.at([1, -1]), ["f64[N]"]) as (x: unknown) => unknown;
    expect([nested(inner([1, 2, 3])), nested(inner([1, 2]))]).toEqual([[2], []]);
    expect(errorOf(() => inner([1])).message).toMatch(
      /indexing-at\.test\.ts:\d+:\d+ @main: N-1 is 0, expected at least 1, since N = 1/,
    );
    const rows = compile((x: Tensor, i: Tensor) => x.at(i), ["f64[N, 2]", "i32[M]"]) as (...x: unknown[]) => unknown;
    expect(nested(rows([[1, 2]], [0, 0]))).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(nested(rows(tensor([], { shape: [0, 2] }), []))).toEqual([]);
  });

  it("an index out of range is named when it runs, with the line that asked for it", () => {
    const f = compile((x: Tensor, i: Tensor) => x.at("...", i), ["f64[2, 3]", "i32[2]"]) as (
      ...x: unknown[]
    ) => unknown;
    const line = /indexing-at\.test\.ts:\d+:\d+ at: index (-1|3) is out of range for axis 1 of extent 3/;
    for (const bad of [-1, 3]) {
      const error = errorOf(() => f(grid, [0, bad]));
      expect([error.code, error.message]).toEqual(["range", expect.stringMatching(line)]);
      expect(errorOf(() => tensor(grid).at("...", i32([bad]))).message).toMatch(line);
      expect(errorOf(() => tensor(grid).set(["...", i32([bad])], 0)).reason).toBe(
        `set: index ${bad} is out of range for axis 1 of extent 3${bad < 0 ? ": indices count from 0" : ""}`,
      );
    }
  });

  it("standalone modules say so too", async () => {
    const f = compile((x: Tensor, i: Tensor) => x.at(i), ["f64[3]", "i32"]);
    const { code } = f.toModule();
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const [main] = Object.values(module) as ((...x: unknown[]) => unknown)[];
    expect(main(Float64Array.of(5, 6, 7), 1)).toBe(6);
    expect(() => main(Float64Array.of(5, 6, 7), 4)).toThrow("at: index 4 is out of range for axis 0 of extent 3");
  });
});

describe("indices in loops", () => {
  it("a loop sets one element a step", () => {
    const squares = compile(
      (x: Tensor) => fori(0, 4, (i: Tensor, acc: Tensor) => acc.set([i], mul(x.at(i), x.at(i))), mul(x, 0)),
      ["f64[4]"],
    ) as (x: unknown) => Tensor;
    expect(squares([1, 2, 3, 4]).toArray()).toEqual([1, 4, 9, 16]);
  });

  it("and has a derivative", () => {
    const f = (x: Tensor): Tensor =>
      sum(fori(0, 3, (i: Tensor, acc: Tensor) => acc.add([i], mul(acc.at(0), x.at(i))), exp(x)) as Tensor);
    const x = tensor([0.3, -0.2, 0.5]);
    const gradient = (grad(f)(x) as Tensor).toArray() as number[];
    const h = 1e-6;
    for (let i = 0; i < 3; i++) {
      const [up, down] = [h, -h].map((by) => f(x.add([i], by)).item() as number);
      expect(gradient[i]).toBeCloseTo((up - down) / (2 * h), 8);
    }
  });
});

describe("derivatives of indexing", () => {
  const df = (f: Build, x: Nested): unknown => (grad((v: Tensor) => f(v))(tensor(x)) as Tensor).toArray();

  it("what is read several times receives all", () => {
    expect(df((x) => sum(mul(x.at(i32([0, 2, 0])), tensor([1, 10, 100]))), [1, 2, 3])).toEqual([101, 0, 10]);
    expect(df((x) => sum(embedding(i32([1, 1]), x)), grid)).toEqual([
      [0, 0, 0],
      [2, 2, 2],
    ]);
    expect(df((x) => sum(take(x, i32([-1, 1]), { mode: "fill" })), [1, 2])).toEqual([0, 1]);
  });

  it("what is overwritten receives nothing, and of several values only the last one does", () => {
    expect(df((x) => sum(mul(x.set([[0, 2]], 5), x)), [1, 2, 3])).toEqual([5, 5, 6]);
    const weights = tensor([1, 10, 100]);
    expect(df((x) => sum(mul(tensor([1, 2, 3]).set([i32([0, 2, 0])], x), weights)), [7, 8, 9])).toEqual([0, 100, 1]);
    expect(df((x) => sum(mul(tensor([1, 2, 3]).add([i32([0, 2, 0])], x), weights)), [7, 8, 9])).toEqual([1, 100, 1]);
  });
});

// ---- against a plain reference ----------------------------------------------------------------------------------------

interface Case {
  readonly shape: readonly number[];
  readonly indices: readonly Index[];
}

/** Indices for an axis, or a new one, and how they stand in the reference: the positions they take. */
const indexFor = (extent: number): fc.Arbitrary<Index> => {
  const last = Math.max(0, extent - 1);
  const position = fc.integer({ min: -extent, max: last });
  const range = fc.tuple(fc.nat(extent), fc.nat(extent)).map(([a, b]): Index => [Math.min(a, b), Math.max(a, b)]);
  const list = fc.array(fc.nat(last), { minLength: 2, maxLength: 2 }).map((l): Index => i32(l));
  const whole = fc.constant<Index>([null, null]);
  return extent === 0 ? fc.oneof(range, whole) : fc.oneof(position, range, list, whole);
};

const cases: fc.Arbitrary<Case> = fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    indices: fc.tuple(...shape.map(indexFor)).map((indices) => {
      // tensors apart go in front: here they stand beside each other
      const places = indices.flatMap((index, i) => (index instanceof Tensor ? [i] : []));
      return indices.map((index, i): Index => (index instanceof Tensor && i > places[0] + 1 ? [null, null] : index));
    }),
  }),
);

/** For each selected element, row-major, its offset in the tensor. */
function offsetsOf({ shape, indices }: Case): number[] {
  const firstTensor = indices.findIndex((index) => index instanceof Tensor);
  const places = (axis: number, at: number): number[] => {
    const index = indices[axis];
    const extent = shape[axis];
    if (typeof index === "number") return [index < 0 ? index + extent : index];
    if (index instanceof Tensor) return [(index.toArray() as number[])[at]];
    const [from, to] = (index as readonly (number | null)[]).map((p, i) => p ?? [0, extent][i]);
    return Array.from({ length: to - from }, (_, i) => from + i);
  };
  const walk = (axis: number, offset: number, at: number): number[] => {
    if (axis === shape.length) return [offset];
    const run = (k: number): number[] => places(axis, k).flatMap((p) => walk(axis + 1, offset * shape[axis] + p, k));
    return axis === firstTensor ? [0, 1].flatMap(run) : run(at);
  };
  return walk(0, 0, 0);
}

describe("any indices", () => {
  it("read what a plain walk reads, and write where it reads", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const size = c.shape.reduce((a, b) => a * b, 1);
        const data = Float64Array.from({ length: size }, (_, i) => i + 1);
        const x = tensor(data, { shape: c.shape });
        const offsets = offsetsOf(c);
        const got = x.at(...c.indices);
        expect([...got.data()]).toEqual(offsets.map((o) => o + 1));
        const value = tensor(
          Float64Array.from(offsets, (_, i) => 100 * (i + 1)),
          { shape: got.shape as number[] },
        );
        const [put, added] = [data.slice(), data.slice()];
        for (const [i, o] of offsets.entries()) {
          put[o] = 100 * (i + 1);
          added[o] += 100 * (i + 1);
        }
        expect([...x.set(c.indices, value).data()]).toEqual([...put]);
        expect([...x.add(c.indices, value).data()]).toEqual([...added]);
      }),
      { numRuns: 200 },
    );
  });
});

// ---- what is refused --------------------------------------------------------------------------------------------------

describe("what is refused says where, what, and what was expected", () => {
  const x = tensor(grid);
  // biome-ignore format: a table one can see
  const refused: readonly (readonly [body: () => unknown, code: string, message: string])[] = [
    [() => x.at(2), "range", "at: position 2 is out of range for axis 0 of extent 2: expected -2 to 1"],
    [() => x.at(0, -4), "range", "at: position -4 is out of range for axis 1 of extent 3: expected -3 to 2"],
    [() => x.at([0, 3]), "range", "at: position 3 is out of range for axis 0 of extent 2: expected -2 to 2"],
    [() => x.at([1, 0]), "range", "at: position 1 is out of range for axis 0 of extent 2: expected -2 to 0"],
    [() => tensor([]).at(0), "range", "at: position 0 is out of range for axis 0 of extent 0: the axis is empty"],
    [() => x.at(0, 0, 0), "shape", "at: got 3 indices for shape [2, 3], expected at most 2"],
    [() => x.at("...", "..."), "argument", 'at: got "..." twice, expected it once at most'],
    [() => x.at(0.5), "argument", 'at: got 0.5 for axis 0, expected an integer: also [from, to], a tensor of integers, null or "..."'],
    [() => x.at(true as never), "argument", 'at: got true for axis 0, expected an integer: also [from, to], a tensor of integers, null or "..."'],
    [() => x.at(undefined as never), "argument", 'at: got undefined for an index: write null or "..."'],
    [() => x.at([0, 1, 1] as never), "argument", "at: the range for axis 0 has 3 entries, expected [from, to]: null stands for an open end, i32([…]) for a list of indices"],
    [() => x.at(tensor([0, 1])), "dtype", "at: the indices for axis 0 have dtype f64, expected integers: write i32([…]), or cast them"],
    [() => x.at(bool([true, false])), "dtype", "at: the indices for axis 0 have dtype bool, expected integers: use where for what a mask selects"],
    [() => x.at(i32([0, 1]), i32([0, 1, 2])), "shape", "at: operands of types i32[2] and i32[3] do not broadcast: 2 and 3 differ"],
    [() => x.set([5], 1), "range", "set: position 5 is out of range for axis 0 of extent 2: expected -2 to 1"],
    [() => x.set([0], tensor([1, 2])), "shape", "set: the value has type f64[2], the indices select [3]: the value has to broadcast to what is selected"],
    [() => x.set([0, 0], tensor([1])), "shape", "set: the value has type f64[1], the indices select []: the value has to broadcast to what is selected"],
    [() => x.add([0], f32([1, 2, 3])), "dtype", "add: the value has dtype f32, expected f64: cast it"],
    [() => x.set([i32([0])], f32([1, 2, 3])), "dtype", "set: the value has dtype f32, expected f64: cast it"],
    [() => x.set([0], true), "dtype", "set: the literal true meets a tensor of dtype f64: cast the tensor"],
    [() => bool([true]).add([0], true), "dtype", "add: operand 0 has dtype bool, expected f64, f32, i32, u32, u8 or index"],
    [() => take(x, i32([0])), "option", "take: option 'axis' is left out for shape [2, 3]: name the axis, or reshape to one"],
    [() => take(x, i32([0]), { axis: 2 }), "axis", "take: axis 2 is out of range for rank 2: expected -2 to 1"],
    [() => take(x, i32([0]), { axis: 0, mode: "wrap" as never }), "option", "take: option 'mode' is the string \"wrap\", expected one of fail, clamp, fill"],
    [() => take(x, tensor([0]), { axis: 0 }), "dtype", "take: the indices have dtype f64, expected integers: write i32([…]), or cast them"],
    [() => takeAlongAxis(x, i32([0])), "shape", "takeAlongAxis: the indices have shape [1], expected rank 2: take picks whole slices"],
    [() => takeAlongAxis(x, i32([[0], [0], [0]])), "shape", "takeAlongAxis: axis 0 of the indices, beside axis 0 of operand 0, is 3, expected 2"],
    [() => embedding(i32([0]), tensor([1])), "shape", "embedding: the table has shape [1], expected [size, features]: the indices come first"],
    [() => embedding(x, i32([0])), "shape", "embedding: the table has shape [1], expected [size, features]: the indices come first"],
    [() => dynamicSlice(x, [0], [1, 1]), "arity", "dynamicSlice: got 1 start, expected 2, one per axis of [2, 3]"],
    [() => dynamicSlice(x, [0, 0.5], [1, 1]), "argument", "dynamicSlice: the start on axis 1 is 0.5, expected an integer or a tensor"],
    [() => dynamicSlice(x, [0, tensor(1)], [1, 1]), "dtype", "dynamicSlice: the start on axis 1 has type f64, expected integers: cast it to i32"],
    [() => dynamicSlice(x, [0, i32([1])], [1, 1]), "shape", "dynamicSlice: the start on axis 1 has type i32[1], expected rank 0"],
    [() => dynamicSlice(x, [0, 0], [3, 1]), "shape", "dynamicSlice: the extent of axis 0, from which the box is taken, is 2, expected at least 3"],
    [() => dynamicUpdateSlice(x, tensor([1]), [0, 0]), "shape", "dynamicUpdateSlice: the update's shape has 1 entry, expected 2, one per axis of [2, 3]"],
  ];
  it.each(refused)("%s", (body, code, message) => {
    const error = errorOf(body);
    expect([error.code, error.reason]).toEqual([code, message]);
    expect(error.origin?.file).toMatch(/indexing-at\.test\.ts$/);
  });
});
