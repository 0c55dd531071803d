// What follows from an op's record, for the uses of the table: derivatives, batches, the code of second derivatives. And the
// conventions of derivatives where a function has none.

import { describe, expect, it } from "vitest";
import { differentiate, gradPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import {
  Dense,
  isFloat,
  type Module,
  type NdArray,
  type Signature,
  scalar,
  shapeOf,
  type TensorType,
  tensorType,
  type Value,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { add, constant, mul, parse, reduceSum, standardOps, vjp } from "../src/ops/index.ts";
import { checkBackend, checkBatching, checkDerivative, jsBackend } from "../src/testing/index.ts";
import { Functions, type OpCase, opCases, ordinary } from "./op-cases.ts";

const context = { ops: standardOps, fast: false };
const cases = opCases.map((c) => [c.name, c] as const);

/** The use as a program. */
function programOf({ types, build }: OpCase): Module {
  const functions = new Functions();
  functions.add("main", types, (...x) => [build(...x)]);
  return functions.module();
}

/** Where there are no elements, nothing is compared. */
function optionsFor(module: Module) {
  const [{ body }] = module.funcs;
  const isEmpty = [...body.arguments, ...body.results].some((v) => shapeOf(v).includes(0));
  return { corpus: module, runs: 0, vacuous: isEmpty ? "allow" : "fail" } as const;
}

describe("derivatives are what differences say, to the third order, and modes agree", () => {
  it.each(cases)("%s", (_, c) => {
    // the extremum of nothing is infinite
    const isInfinite = /^reduce_window m.*"window":\[0\]/.test(c.name);
    checkDerivative(gradPipeline, { ...optionsFor(programOf(c)), ...(isInfinite ? { vacuous: "allow" } : {}) });
  });

  it("at points that hide them: zeros among factors, steep staircases, matrices that are nearly singular", () => {
    checkDerivative(gradPipeline, { corpus: "test/fixtures/points", runs: 0, save: false });
  });
});

describe("a batch is the stack of single evaluations, bit for bit", () => {
  it.each(cases)("%s", (_, c) => {
    checkBatching(gradPipeline, optionsFor(programOf(c)));
  });
});

describe("a batch fails as its elements do", () => {
  const texts = {
    "where subscripts leave their axis, in batches of batches too": `func @main(%i: i32, %x: f64[3]) -> f64[2] {
  %y = gather %x, %i, offset_axes = [0], collapsed_axes = [], index_map = [0], index_axis = 0, sizes = [2] : f64[2]
  return %y
}`,
    "but what its elements have in common may fail though there is none": `func @main(%x: f64, %i: i32, %a: f64[2]) -> f64[1] {
  %y = gather %a, %i, offset_axes = [0], collapsed_axes = [], index_map = [0], index_axis = 0, sizes = [1] : f64[1]
  return %y
}`,
  };
  it.each(Object.entries(texts))("%s", (_, text) => {
    for (let seed = 1; seed <= 20; seed++)
      checkBatching(gradPipeline, { corpus: parse(text), runs: 0, seed, vacuous: "allow" });
  });
});

/** Σ w · x for fixed ordinary w. */
function weigh(x: Value, seed: number): Value {
  const weights = ordinary("f64", shapeOf(x) as readonly number[], seed);
  const w = weights.shape.length === 0 ? weights.data[0] : new Dense(weights);
  const axes = shapeOf(x).map((_, i) => i);
  return reduceSum(mul(x, constant(w, x.type as TensorType)), axes);
}

/** @main gives the gradient of the weighed gradient of the use. */
function secondDerivative(c: OpCase): Module {
  const functions = new Functions();
  const wrt = c.types.flatMap((t, i) => (isFloat(t.dtype) ? [i] : []));
  const gradient = (f: Signature, x: readonly Value[]) => vjp(f, x, [constant(1, scalar("f64"))], wrt).slice(1);
  const f = functions.add("f", c.types, (...x) => [weigh(c.build(...x), 1)], "private");
  const weighed = (x: readonly Value[]): Value =>
    gradient(f, x)
      .map((v, i) => weigh(v, i + 2))
      .reduce(add);
  const g = functions.add("g", c.types, (...x) => [weighed(x)], "private");
  functions.add("main", c.types, (...x) => gradient(g, x));
  return functions.module();
}

describe("second derivatives have the same bits as loops and as generated code", () => {
  it.each(cases)("%s", (_, c) => {
    checkBackend(jsBackend, { corpus: secondDerivative(c), runs: 0 });
  });
});

// ---- conventions ----------------------------------------------------------------------------------------------------

/** The cotangents of `build`'s arguments for a cotangent of its result. */
function gradientsOf(types: readonly TensorType[], args: readonly NdArray[], ct: NdArray, build: OpCase["build"]) {
  const functions = new Functions();
  const f = functions.add("f", types, (...x) => [build(...x)]);
  functions.add("g", [...types, tensorType(ct.dtype, ct.shape)], (...x) =>
    vjp(f, x.slice(0, -1), x.slice(-1)).slice(1),
  );
  const module = differentiate.run(functions.module(), context);
  return interpret(module, "g", [...args, ct]).map((a) => [...a.data]);
}

const at = (x: number): NdArray => ({ dtype: "f64", shape: [], data: Float64Array.of(x) });
const list = (...x: number[]): NdArray => ({ dtype: "f64", shape: [x.length], data: Float64Array.from(x) });
const find = (name: string): OpCase["build"] => (opCases.find((c) => c.name === name) as OpCase).build;

describe("conventions of derivatives", () => {
  const one = { dtype: "f64", shape: [], data: Float64Array.of(1) } as const;
  const pair = [tensorType("f64", [5]), tensorType("f64", [5])];

  it("equal operands of maximum and minimum share the derivative, and NaN passes none on", () => {
    const x = list(1, 2, 3, Number.NaN, 0);
    const y = list(2, 2, 2, 2, -0);
    const ct = list(1, 1, 1, 1, 1);
    expect(gradientsOf(pair, [x, y], ct, ops.maximum)).toEqual([
      [0, 0.5, 1, 0, 0.5],
      [1, 0.5, 0, 0, 0.5],
    ]);
    expect(gradientsOf(pair, [x, y], ct, ops.minimum)).toEqual([
      [1, 0.5, 0, 0, 0.5],
      [0, 0.5, 1, 0, 0.5],
    ]);
  });

  it("an infinite cotangent does not reach what was not taken", () => {
    const [x, y] = [list(1, 2, 3, 0, 0), list(2, 1, 2, 1, 1)];
    const ct = list(Infinity, Infinity, 1, 1, -Infinity);
    expect(gradientsOf(pair, [x, y], ct, ops.maximum)).toEqual([
      [0, Infinity, 1, 0, 0],
      [Infinity, 0, 0, 1, -Infinity],
    ]);
    const extremum = find("reduce max over 0 of 4");
    expect(
      gradientsOf([tensorType("f64", [3])], [list(1, 3, 2)], { ...one, data: Float64Array.of(Infinity) }, extremum),
    ).toEqual([[0, Infinity, 0]]);
  });

  it("powers have finite derivatives where the rules' factors are infinite", () => {
    const [inf, nan] = [Infinity, Number.NaN];
    const cases: readonly (readonly [x: number, y: number, dx: number, dy: number])[] = [
      [0, 2, 0, 0],
      [0, 1, 1, 0],
      [0, 0, 0, 0],
      [0, 0.5, inf, 0],
      [5e-324, 0, 0, Math.log(5e-324)],
      [-2, 3, 12, nan],
      [-2, 0, 0, nan],
      [nan, 0, 0, nan],
      [2, 0, 0, Math.log(2)],
      [inf, 0, 0, inf],
      [inf, -1, 0, 0],
    ];
    for (const [x, y, dx, dy] of cases) {
      const got = gradientsOf([scalar("f64"), scalar("f64")], [at(x), at(y)], one, ops.pow);
      expect(
        got.flat().map((g) => g + 0),
        `${x} to the ${y}`,
      ).toEqual([dx, dy]);
    }
  });

  it("mixed derivatives of powers are exact at exponent 0", () => {
    const functions = new Functions();
    const types = [scalar("f64"), scalar("f64")];
    const f = functions.add("f", types, (x, y) => [ops.pow(x, y)]);
    const byBase = functions.add("g", types, (x, y) => [vjp(f, [x, y], [constant(1, types[0])], [0])[1]]);
    functions.add("h", types, (x, y) => vjp(byBase, [x, y], [constant(1, types[0])]).slice(1));
    const module = differentiate.run(functions.module(), context);
    // y x^(y - 1): (y - 1) y x^(y - 2) and (1 + y log x) x^(y - 1)
    expect(interpret(module, "h", [at(2), at(0)]).map((a) => a.data[0] + 0)).toEqual([0, 0.5]);
    expect(interpret(module, "h", [at(0), at(2)]).map((a) => a.data[0])).toEqual([2, 0]);
  });

  it("what has no derivative at a point has 0 there", () => {
    const pairOf = (build: OpCase["build"], x: number, y: number): readonly number[] =>
      gradientsOf([scalar("f64"), scalar("f64")], [at(x), at(y)], one, build).flat();
    expect(pairOf(ops.hypot, 0, -0)).toEqual([0, 0]);
    expect(pairOf(ops.atan2, 0, 0).map(Math.abs)).toEqual([0, 0]);
    expect(pairOf(ops.copysign, 0, 3)).toEqual([0, 0]);
    expect(gradientsOf([scalar("f64")], [at(0)], one, ops.abs)).toEqual([[0]]);
    expect(gradientsOf([scalar("f64")], [at(2.5)], one, ops.round)).toEqual([[0]]);
  });

  it("a clamped number keeps its derivative at the bounds, crossed bounds give it to the upper one", () => {
    const nan = Number.NaN;
    const [low, x, high] = [
      list(0, 0, 0, 0, 0, 0, 2, 2, 2),
      list(-1, 0, 0.5, 1, 2, nan, 1.5, 0, 3),
      list(1, 1, 1, 1, 1, 1, 1, 1, 1),
    ];
    const types = [low, x, high].map((a) => tensorType("f64", a.shape));
    const ct = list(...low.data.map(() => Infinity));
    const [toLow, toX, toHigh] = gradientsOf(types, [low, x, high], ct, ops.clamp);
    const where = (...at: number[]): readonly number[] => [...low.data].map((_, i) => (at.includes(i) ? Infinity : 0));
    expect([toLow, toX, toHigh]).toEqual([where(0), where(1, 2, 3), where(4, 6, 7, 8)]);
  });

  it("ties of max and min reductions share equally, NaN passes none on", () => {
    const type = [tensorType("f64", [4])];
    const max = find("reduce max over 0 of 4");
    const third = 1 / 3;
    expect(gradientsOf(type, [list(3, 1, 3, 3)], one, max)).toEqual([[third, 0, third, third]]);
    expect(gradientsOf(type, [list(0, -0, -1, -1)], one, max)).toEqual([[0.5, 0.5, 0, 0]]);
    expect(gradientsOf(type, [list(3, Number.NaN, 3, 3)], one, max)).toEqual([[0, 0, 0, 0]]);
    expect(gradientsOf(type, [list(1, 1, 2, 2)], one, find("reduce min over 0 of 4"))).toEqual([[0.5, 0.5, 0, 0]]);
  });

  it("a product's derivative is exact where factors are 0 or their product leaves the range", () => {
    const type = [tensorType("f64", [3])];
    const prod = find("reduce prod over 0 of 4");
    expect(gradientsOf(type, [list(0, 2, 3)], one, prod)).toEqual([[6, 0, 0]]);
    expect(gradientsOf(type, [list(0, 0, 3)], one, prod)).toEqual([[0, 0, 0]]);
    expect(gradientsOf(type, [list(2, 3, 4)], one, prod)).toEqual([[12, 8, 6]]);
    expect(gradientsOf(type, [list(1e-200, 1e-200, 1)], one, prod)[0][0]).toBe(1e-200);
    expect(gradientsOf(type, [list(1e200, 1e200, 2)], one, prod)[0][0]).toBe(2e200);
    expect(gradientsOf(type, [list(Infinity, 2, 3)], one, prod)).toEqual([[6, Infinity, Infinity]]);
  });

  it("select takes the cotangent to the operand it took", () => {
    const predicate: NdArray = { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) };
    const types = [tensorType("bool", [2]), tensorType("f64", [2]), tensorType("f64", [2])];
    const ct = list(Number.NaN, Infinity);
    expect(gradientsOf(types, [predicate, list(1, 2), list(3, 4)], ct, ops.select)).toEqual([
      [Number.NaN, 0],
      [0, Infinity],
    ]);
  });
});
