// What follows from an op's record: derivatives against differences, transposes against products, batches against
// single evaluations.

import { describe, expect, it } from "vitest";
import { differentiate } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import {
  BlockBuilder,
  type Contribution,
  Dense,
  emit,
  isFloat,
  type Module,
  type NdArray,
  type Operation,
  printModule,
  type Signature,
  scalar,
  shapeOf,
  sizeOf,
  type TensorType,
  tensorType,
  Value,
  withBuilder,
} from "../src/ir/index.ts";
import { add, broadcast, constant, mul, reduceSum, select, standardOps, vjp, zerosLike } from "../src/ops/index.ts";
import { everyWay } from "./backends.ts";
import { argumentsOf, Functions, type OpCase, opCases, ordinary, runOn } from "./op-cases.ts";

const context = { ops: standardOps, fast: false };
const orders = 3;

function sumOf(x: Value): Value {
  return reduceSum(
    x,
    shapeOf(x).map((_, i) => i),
  );
}

/** Σ w · x for fixed ordinary w. */
function weigh(x: Value, seed: number): Value {
  const weights = ordinary("f64", shapeOf(x) as readonly number[], seed);
  const w = weights.shape.length === 0 ? weights.data[0] : new Dense(weights);
  return sumOf(mul(x, constant(w, x.type as TensorType)));
}

function floatNumbers({ types }: OpCase): readonly number[] {
  return types.flatMap((t, i) => (isFloat(t.dtype) ? [i] : []));
}

/** f0 weighs the op's result, f(k+1) the gradient of fk, which gk gives. */
function tower(c: OpCase): Module {
  const functions = new Functions();
  const wrt = floatNumbers(c);
  let f: Signature = functions.add("f0", c.types, (...x) => [weigh(c.build(...x), 1)]);
  for (let k = 0; k < orders; k++) {
    const gradient = (x: readonly Value[]): readonly Value[] => vjp(f, x, [constant(1, scalar("f64"))], wrt).slice(1);
    functions.add(`g${k}`, c.types, (...x) => gradient(x));
    const above = functions.add(`f${k + 1}`, c.types, (...x) => [
      gradient(x)
        .map((g, i) => weigh(g, 10 * k + i + 2))
        .reduce(add),
    ]);
    f = above;
  }
  return differentiate.run(functions.module(), context);
}

function moved(args: readonly NdArray[], along: ReadonlyMap<number, NdArray>, by: number): readonly NdArray[] {
  return args.map((a, i) => {
    const v = along.get(i);
    return v === undefined ? a : { ...a, data: Float64Array.from(a.data, (x, k) => x + by * v.data[k]) };
  });
}

const magnitude = (x: number): number => Math.max(1, Math.abs(x));

describe("the gradient is what differences say, to the third order", () => {
  const smooth = opCases.filter((c) => c.at === undefined || c.at[0].every((x) => Math.abs(x) < 100));
  it.each(smooth.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const module = tower(c);
    const args = argumentsOf(c, 5);
    const wrt = floatNumbers(c);
    const along = new Map(wrt.map((i) => [i, ordinary("f64", args[i].shape, 40 + i)]));
    const step = 1e-4;
    for (let k = 0; k < orders; k++) {
      const gradients = interpret(module, `g${k}`, args);
      const slope = wrt.reduce((sum, i, n) => sum + inner(gradients[n], along.get(i) as NdArray), 0);
      const at = (by: number): number => interpret(module, `f${k}`, moved(args, along, by))[0].data[0];
      const difference = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
      // the extremum of nothing is infinite and does not move
      const expected = Number.isFinite(at(0)) ? difference : 0;
      const error = Math.abs(slope - expected) / magnitude(expected);
      expect(error, `order ${k + 1}: ${slope}, expected ${expected}`).toBeLessThan(1e-7);
    }
  });
});

function inner(a: NdArray, b: NdArray): number {
  let sum = 0;
  for (const [i, x] of a.data.entries()) sum += x * b.data[i];
  return sum;
}

describe("second derivatives have the same bits as loops and as generated code", () => {
  it.each(opCases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    everyWay(printModule(tower(c)), "g1", argumentsOf(c, 7));
  });
});

// ---- forward and reverse mode ---------------------------------------------------------------------------------------

/** The one operation of a case, on its arguments in order; null where it takes several, or an argument twice. */
function operationOf(c: OpCase): Operation | null {
  const builder = new BlockBuilder();
  const args = c.types.map((t) => builder.argument(t));
  withBuilder(builder, () => c.build(...args));
  const [operation, ...others] = builder.operations;
  const isPlain = operation?.operands.length === args.length && operation.operands.every((v, i) => v === args[i]);
  return isPlain && others.length === 0 ? operation : null;
}

const single = opCases.flatMap((c) => {
  const operation = operationOf(c);
  return operation === null ? [] : [[c.name, c, operation] as const];
});

function again(operation: Operation, operands: readonly Value[]): readonly Value[] {
  const { op, attributes, results } = operation;
  return emit(op, operands, { attributes, types: results.map((r) => r.type) });
}

/** What a rule for an operation without regions or callee does not ask. */
const unasked = (): never => {
  throw new Error("the operation has no regions and no callee");
};
const alone = {
  region: unasked,
  inline: unasked,
  split: unasked,
  flows: unasked,
  lookup: unasked,
  definition: () => null,
  isStepwise: () => false,
  keepsMask: () => true,
  flowMask: unasked,
  noteMask: unasked,
  calleeSignature: unasked,
  tangentCall: unasked,
  splitCall: unasked,
  batchedCall: unasked,
  choose: unasked,
  any: unasked,
  tapes: { get: unasked, set: unasked, isRepeated: false },
};
const isActive = ({ type }: Value): boolean => isFloat((type as TensorType).dtype);
const emptied = (_: Value): null => null;

/** The tangents of the results. */
function push(
  operation: Operation,
  operands: readonly Value[],
  results: readonly Value[],
  tangents: readonly (Value | null)[],
): readonly Value[] {
  const { derivative } = operation.op;
  if (derivative.kind === "structured") {
    return derivative
      .forward({ ...alone, operation, operands, tangents })
      .tangents.map((t, i) => t ?? zerosLike(results[i]));
  }
  return [pushOne(operation, operands, results[0], tangents)];
}

function pushOne(operation: Operation, operands: readonly Value[], result: Value, tangents: readonly (Value | null)[]) {
  const { derivative } = operation.op;
  const all = operands.map((_, i) => i);
  switch (derivative.kind) {
    case "linear": {
      const active = derivative.in ?? all;
      return again(
        operation,
        operands.map((v, i) => (active.includes(i) ? (tangents[i] ?? zerosLike(v)) : v)),
      )[0];
    }
    case "multilinear":
      return (derivative.in ?? all)
        .map(
          (i) =>
            again(
              operation,
              operands.map((v, k) => (k === i ? (tangents[i] ?? zerosLike(v)) : v)),
            )[0],
        )
        .reduce(add);
    case "elementwise":
      return derivative
        .partials(operands, result, operation)
        .map((p, i) => mul(tangents[i] as Value, asValue(p, result)))
        .reduce(add);
    case "rule":
      return derivative.jvp({ operation, operands, result, tangents }) ?? zerosLike(result);
    case "zero":
      return zerosLike(result);
    default:
      throw new Error(`${operation.op.name} has no tangent`);
  }
}

function asValue(partial: Value | number | null, like: Value): Value {
  return partial instanceof Value ? partial : constant(partial ?? 0, like.type as TensorType);
}

/** The cotangents of the operands. */
function pull(
  operation: Operation,
  operands: readonly Value[],
  [result]: readonly Value[],
  cotangents: readonly (Value | null)[],
): readonly Contribution[] {
  const { derivative } = operation.op;
  const wanted = operands.map(() => true);
  const [cotangent] = cotangents as readonly Value[];
  switch (derivative.kind) {
    case "linear":
    case "multilinear":
      return derivative.transpose({ operation, operands, cotangent, wanted });
    case "elementwise":
      return derivative.partials(operands, result, operation).map((p) => mul(cotangent, asValue(p, result)));
    case "rule":
      return derivative.vjp({ operation, operands, result, cotangent, wanted });
    case "structured": {
      const found = new Map(
        derivative
          .reverse({ ...alone, operation, operands, isActive, isUseful: () => true })
          .pull(cotangents, emptied, null),
      );
      return operation.operands.map((v) => found.get(v) ?? null);
    }
    default:
      return [];
  }
}

function plain(c: Contribution, like: Value): Value | null {
  return c === null || c instanceof Value ? c : c.addTo(zerosLike(like));
}

describe("⟨ct, J v⟩ = ⟨Jᵀ ct, v⟩: tangents and cotangents are each other's transposes", () => {
  it.each(single)("%s", (_, c, operation) => {
    const args = argumentsOf(c, 6);
    const wrt = floatNumbers(c);
    const tangents = wrt.map((i) => ordinary("f64", args[i].shape, 60 + i));
    const types = operation.results.map((r) => r.type as TensorType);
    // one for each result; those of integers are not used
    const cts = types.map(({ shape }, k) => ordinary("f64", shape as readonly number[], 70 + k));
    const [forward, backward, size] = runOn([...args, ...tangents, ...cts], (...values) => {
      const operands = values.slice(0, args.length);
      const v = operands.map((_, i) => (wrt.includes(i) ? values[args.length + wrt.indexOf(i)] : null));
      const floats = types.map((t) => isFloat(t.dtype));
      const cotangents = values.slice(-types.length).map((ct, k) => (floats[k] ? ct : null));
      const results = again(operation, operands);
      const moved = push(operation, operands, results, v).filter((_, k) => floats[k]);
      const back = pull(operation, operands, results, cotangents).map((c, i) => plain(c, operands[i]));
      const products = wrt.map((i) => sumOf(mul(back[i] ?? zerosLike(operands[i]), v[i] as Value)));
      for (const i of wrt) expect(back[i]?.type ?? operands[i].type).toEqual(operands[i].type);
      const taken = cotangents.filter((ct) => ct !== null);
      return [
        taken.map((ct, k) => sumOf(mul(ct, moved[k]))).reduce(add),
        products.reduce(add),
        moved.map((t) => sumOf(mul(t, t))).reduce(add),
      ];
    });
    const scale = magnitude(Math.sqrt(size.data[0]));
    expect(Math.abs(forward.data[0] - backward.data[0]) / scale).toBeLessThan(1e-12);
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
    expect(gradientsOf(pair, [x, y], ct, find("maximum  and "))).toEqual([
      [0, 0.5, 1, 0, 0.5],
      [1, 0.5, 0, 0, 0.5],
    ]);
    expect(gradientsOf(pair, [x, y], ct, find("minimum  and "))).toEqual([
      [1, 0.5, 0, 0, 0.5],
      [0, 0.5, 1, 0, 0.5],
    ]);
  });

  it("an infinite cotangent does not reach what was not taken", () => {
    const [x, y] = [list(1, 2, 3, 0, 0), list(2, 1, 2, 1, 1)];
    const ct = list(Infinity, Infinity, 1, 1, -Infinity);
    expect(gradientsOf(pair, [x, y], ct, find("maximum  and "))).toEqual([
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
      const got = gradientsOf([scalar("f64"), scalar("f64")], [at(x), at(y)], one, find("pow  and "));
      expect(
        got.flat().map((g) => g + 0),
        `${x} to the ${y}`,
      ).toEqual([dx, dy]);
    }
  });

  it("mixed derivatives of powers are exact at exponent 0", () => {
    const functions = new Functions();
    const types = [scalar("f64"), scalar("f64")];
    const f = functions.add("f", types, (x, y) => [find("pow  and ")(x, y)]);
    const byBase = functions.add("g", types, (x, y) => [vjp(f, [x, y], [constant(1, types[0])], [0])[1]]);
    functions.add("h", types, (x, y) => vjp(byBase, [x, y], [constant(1, types[0])]).slice(1));
    const module = differentiate.run(functions.module(), context);
    // y x^(y - 1): (y - 1) y x^(y - 2) and (1 + y log x) x^(y - 1)
    expect(interpret(module, "h", [at(2), at(0)]).map((a) => a.data[0] + 0)).toEqual([0, 0.5]);
    expect(interpret(module, "h", [at(0), at(2)]).map((a) => a.data[0])).toEqual([2, 0]);
  });

  it("what has no derivative at a point has 0 there", () => {
    const pairOf = (name: string, x: number, y: number): readonly number[] =>
      gradientsOf([scalar("f64"), scalar("f64")], [at(x), at(y)], one, find(`${name}  and `)).flat();
    expect(pairOf("hypot", 0, -0)).toEqual([0, 0]);
    expect(pairOf("atan2", 0, 0).map(Math.abs)).toEqual([0, 0]);
    expect(pairOf("copysign", 0, 3)).toEqual([0, 0]);
    expect(gradientsOf([scalar("f64")], [at(0)], one, find("abs "))).toEqual([[0]]);
    expect(gradientsOf([scalar("f64")], [at(2.5)], one, find("round "))).toEqual([[0]]);
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
    const [toLow, toX, toHigh] = gradientsOf(types, [low, x, high], ct, find("clamp"));
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
    expect(gradientsOf(types, [predicate, list(1, 2), list(3, 4)], ct, select)).toEqual([
      [Number.NaN, 0],
      [0, Infinity],
    ]);
  });
});

// ---- batching -------------------------------------------------------------------------------------------------------

const batchSize = 3;

function stack(arrays: readonly NdArray[]): NdArray {
  const [{ dtype, shape, data }] = arrays;
  const all = data.slice(0, 0).constructor as new (n: number) => NdArray["data"];
  const result = new all(arrays.length * sizeOf(shape));
  for (const [i, a] of arrays.entries()) result.set(a.data, i * sizeOf(shape));
  return { dtype, shape: [arrays.length, ...shape], data: result };
}

/** The results of the operation for a batch, all with the new axis. */
function batched(operation: Operation, operands: readonly Value[], flags: readonly boolean[]): readonly Value[] {
  const { batching, name } = operation.op;
  const size = batchSize;
  const whole = (v: Value, isBatched: boolean): Value =>
    isBatched
      ? v
      : broadcast(
          v,
          [size, ...shapeOf(v)],
          shapeOf(v).map((_, axis) => axis + 1),
        );
  if (batching.kind === "rule") return batching.batch({ operation, operands, batched: flags, mask: null, size });
  if (batching.kind === "structured") {
    const of = batching.batch({ ...alone, operation, operands, batched: flags, mask: null, size, whole });
    return of.results.map((r, i) => whole(r, of.batched[i]));
  }
  expect(batching.kind, name).toBe("elementwise");
  return emit(
    operation.op,
    operands.map((v, i) => whole(v, flags[i])),
    {
      attributes: operation.attributes,
      types: operation.results.map((r) => tensorType((r.type as TensorType).dtype, [size, ...shapeOf(r)])),
    },
  );
}

describe("a batch is the stack of single evaluations, bit for bit", () => {
  it.each(single)("%s", (_, c, operation) => {
    const samples = Array.from({ length: batchSize }, (_, b) => argumentsOf({ ...c, at: undefined }, b));
    for (let mask = 1; mask < 2 ** c.types.length; mask++) {
      const flags = c.types.map((_, i) => (mask & (1 << i)) !== 0);
      const rows = samples.map((args) => args.map((a, i) => (flags[i] ? a : samples[0][i])));
      const singles = rows.map((args) => runOn(args, (...x) => again(operation, x)));
      const expected = operation.results.map((_, k) => stack(singles.map((results) => results[k])));
      const args = c.types.map((_, i) => (flags[i] ? stack(samples.map((s) => s[i])) : samples[0][i]));
      const got = runOn(args, (...x) => batched(operation, x, flags));
      expect(got, `batched ${flags}`).toEqual(expected);
    }
  });
});
