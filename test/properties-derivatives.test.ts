// Derivatives of random smooth programs: reverse mode against differences (with every result's cotangent, which is the
// dot-product test) and against forward mode, to the third order, and the same bits on every backend.

import fc from "fast-check";
import { expect, it } from "vitest";
import { differentiate, gradPipeline, tensorPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  buildFunc,
  type Dim,
  type Func,
  floorDim,
  type Module,
  makeModule,
  type NdArray,
  printModule,
  type Signature,
  sameType,
  scalar,
  signatureOf,
  symbol,
  type TensorType,
  tensorType,
  type Value,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { checkDerivative, sameArrays } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const n = symbol("N");
const f64 = scalar("f64");
const types = [scalar("bool"), f64, tensorType("f64", [n]), tensorType("f64", [2, n])];

interface Step {
  readonly kind: number;
  readonly picks: readonly number[];
  readonly inner: readonly Step[];
}

interface Recipe {
  readonly callee: readonly Step[];
  readonly steps: readonly Step[];
  readonly size: number;
  readonly predicate: boolean;
  readonly seed: number;
}

const pick = fc.nat(63);
const leaf = fc.record({ kind: pick, picks: fc.tuple(pick, pick), inner: fc.constant([] as readonly Step[]) });
const nested = fc.record({
  kind: pick,
  picks: fc.tuple(pick, pick),
  inner: fc.array(leaf, { minLength: 1, maxLength: 4 }),
});
const deep = fc.record({
  kind: pick,
  picks: fc.tuple(pick, pick),
  inner: fc.array(fc.oneof(leaf, nested), { minLength: 1, maxLength: 3 }),
});
const recipe: fc.Arbitrary<Recipe> = fc.record({
  callee: fc.array(leaf, { maxLength: 4 }),
  steps: fc.array(
    fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: nested }, { weight: 1, arbitrary: deep }),
    { maxLength: 8 },
  ),
  size: fc.nat(3),
  predicate: fc.boolean(),
  seed: fc.nat(1000),
});

// ---- smooth programs ------------------------------------------------------------------------------------------------

const shapeOf = (v: Value): TensorType["shape"] => (v.type as TensorType).shape;
const rankOf = (v: Value): number => shapeOf(v).length;
const all = (rank: number): readonly number[] => Array.from({ length: rank }, (_, i) => i);
const floats = (pool: readonly Value[]): readonly Value[] => pool.filter((v) => (v.type as TensorType).dtype === "f64");

/** A value of the type of `like`: one of the pool, else a constant. */
function partner(pool: readonly Value[], choice: number, like: Value): Value {
  const fitting = pool.filter((v) => sameType(v.type, like.type));
  return fitting[choice % fitting.length] ?? ops.constant(0.75, like.type as TensorType);
}

function predicateFor(pool: readonly Value[], x: Value): Value {
  return rankOf(x) === 0 ? pool[0] : ops.broadcast(pool[0], shapeOf(x), []);
}

function scalarOf(pool: readonly Value[]): Value {
  return floats(pool).find((v) => rankOf(v) === 0) ?? pool[1];
}

/** The first or second half of an axis, or every second element. */
function halves(x: Value, choice: number): ops.Box {
  const shape = shapeOf(x);
  const axis = choice % shape.length;
  const middle = floorDim(shape[axis], 2);
  const along = (at: Dim, others: readonly Dim[]): readonly Dim[] => others.map((d, a) => (a === axis ? at : d));
  const zero = shape.map(() => 0);
  if (choice % 3 === 0) return { start: zero, limit: along(middle, shape) };
  if (choice % 3 === 1) return { start: along(middle, zero), limit: shape };
  return { start: zero, limit: shape, strides: shape.map((_, a) => (a === axis ? 2 : 1)) };
}

type Kind = (x: Value, pool: readonly Value[], choice: number, callee: Signature | null) => readonly Value[];

const bounded = [ops.tanh, ops.atan, ops.asinh, ops.erf, ops.logistic];
/** Smooth from 1 to 3. */
// biome-ignore format: a table one can see
const ofPositive = [
  ops.log, ops.log2, ops.log10, ops.log1p, ops.sqrt, ops.rsqrt, ops.cbrt, ops.lgamma, ops.digamma, ops.abs,
  (x: Value) => ops.acosh(ops.add(x, ops.constantLike(1, x))), (x: Value) => ops.atanh(ops.div(x, ops.constantLike(4, x))),
  (x: Value) => ops.asin(ops.div(x, ops.constantLike(4, x))), (x: Value) => ops.acos(ops.div(x, ops.constantLike(4, x))),
  (x: Value) => ops.tan(ops.div(x, ops.constantLike(4, x))), (x: Value) => ops.polygamma(x, 1),
];
/** Smooth where the first is from 1 to 3 and the second from -1 to 1. */
const ofTwo = [ops.pow, ops.hypot, (x: Value, y: Value) => ops.atan2(y, x)];

/** Values stay of the size of 1, so that differences stay accurate: what could grow goes through a sine. */
const kinds: readonly Kind[] = [
  (x) => [ops.sin(x)],
  (x) => [ops.cos(x)],
  (x) => [ops.neg(x)],
  (x) => [ops.exp(ops.sin(x))],
  (x, _, c) => [bounded[c % bounded.length](x)],
  (x, _, c) => [ofPositive[c % ofPositive.length](ops.add(ops.sin(x), ops.constantLike(2, x)))],
  (x, pool, c) => [ofTwo[c % ofTwo.length](ops.add(ops.sin(x), ops.constantLike(2, x)), ops.sin(partner(pool, c, x)))],
  (x, pool, c) => [ops.add(x, partner(pool, c, x))],
  (x, pool, c) => [ops.sub(x, ops.cos(partner(pool, c, x)))],
  (x, pool, c) => [ops.mul(ops.sin(x), partner(pool, c, x))],
  (x, pool, c) => [ops.div(x, ops.add(ops.cos(partner(pool, c, x)), ops.constantLike(2, x)))],
  (x, pool, c) => [ops.select(predicateFor(pool, x), x, ops.sin(partner(pool, c, x)))],
  (x, _, c) => (rankOf(x) === 0 ? [] : [ops.sin(ops.reduceSum(x, [c % rankOf(x)]))]),
  (x, _, c) => {
    const kind = (["max", "min"] as const)[c % 2];
    const [extent = 0] = shapeOf(x);
    // the extremum of nothing does not move
    return typeof extent !== "number" || extent === 0 ? [] : [ops.reduce(x, { kind, axes: [0] })];
  },
  (x) =>
    rankOf(x) > 1
      ? []
      : [
          ops.broadcast(
            x,
            [2, ...shapeOf(x)],
            all(rankOf(x)).map((i) => i + 1),
          ),
        ],
  (x) => (rankOf(x) < 2 ? [] : [ops.permute(x, [1, 0])]),
  (x, _, c) => {
    if (rankOf(x) !== 2) return [];
    const rows = ops.sin(x);
    const gram = ops.dot(rows, rows, { contract: { left: [1], right: [1] } });
    // far from singular, and its largest elements stand on the diagonal
    const a = ops.add(gram, ops.mul(ops.identity(gram), ops.constantLike(9, gram)));
    if (c % 3 === 0) return [ops.cholesky(a)];
    if (c % 3 === 1) return ops.lu(a).slice(0, 1);
    return [ops.triangularSolve(a, rows, { lower: c % 2 === 0, transpose: c % 4 > 1, unit: c % 5 === 0 })];
  },
  (x, _, c) => (rankOf(x) === 0 ? [] : ops.sort([x], { axis: c % rankOf(x), descending: c % 2 === 1 })),
  (x, _, c) => (rankOf(x) === 0 ? [] : [ops.reverse(x, [c % rankOf(x)])]),
  (x, pool, c) => (rankOf(x) === 0 ? [] : [ops.concatenate([x, ops.sin(partner(pool, c, x))], c % rankOf(x))]),
  (x, _, c) => (rankOf(x) === 0 ? [] : [ops.slice(x, halves(x, c))]),
  (x, pool, c) => {
    const entries = (choices: readonly number[]): readonly number[] => shapeOf(x).map((_, a) => choices[(c + a) % 3]);
    const padding = { low: entries([0, 1, 0]), high: entries([1, 0, 2]), interior: entries([0, 0, 1]) };
    return rankOf(x) === 0 ? [] : [ops.pad(x, padding, ops.sin(scalarOf(pool)))];
  },
  (x) => (rankOf(x) > 1 ? [] : [ops.reshape(x, [...shapeOf(x), 1])]),
  (x, pool, c) => {
    if (rankOf(x) === 0) return [];
    return [ops.sin(ops.dot(x, partner(pool, c, x), { contract: { left: [0], right: [0] } }))];
  },
  (_, pool, __, callee) => (callee === null ? [] : ops.call(callee, pool.slice(0, types.length))),
];

function perform(step: Step, pool: readonly Value[], callee: Signature | null): readonly Value[] {
  const candidates = floats(pool);
  const x = candidates[candidates.length - 1 - (step.picks[0] % candidates.length)];
  if (step.inner.length === 0) return kinds[step.kind % kinds.length](x, pool, step.picks[1], callee);
  return regions[step.kind % regions.length](step, x, pool, callee);
}

type Structured = (step: Step, x: Value, pool: readonly Value[], callee: Signature | null) => readonly Value[];

/** A branch; a loop of up to three steps; a scan, which reads values from outside as the others do. */
const regions: readonly Structured[] = [
  ({ inner, picks }, x, pool, callee) => {
    const half = inner.length >> 1;
    const arm = (steps: readonly Step[]) => () => [partner(run(steps, pool, callee).toReversed(), picks[1] % 3, x)];
    return ops.ifElse(pool[0], arm(inner.slice(0, half)), arm(inner.slice(half)));
  },
  ({ inner, picks }, x, pool, callee) => {
    const i32 = scalar("i32");
    const results = ops.whileLoop(
      [ops.constant(picks[1] % 4, i32), x],
      (left) => ops.compare(left, ops.constant(0, i32), "gt"),
      (left, value) => {
        const next = partner(run(inner, [...pool, value], callee).toReversed(), picks[0] % 3, value);
        return [ops.sub(left, ops.constant(1, i32)), ops.sin(ops.add(next, value))];
      },
    );
    return results.slice(1);
  },
  ({ inner, picks }, x, pool, callee) => {
    const sources = floats(pool).filter((v) => rankOf(v) > 0);
    const over = sources[picks[1] % sources.length];
    return ops.scan(
      [x],
      [over],
      ([value], [element]) => {
        const after = run(inner, [...pool, value, element], callee).toReversed();
        const next = partner(after, picks[0] % 3, value);
        return { carry: [ops.sin(ops.add(next, value))], out: [partner(after, 0, element)] };
      },
      { reverse: picks[0] % 2 === 1 },
    );
  },
];

function run(steps: readonly Step[], start: readonly Value[], callee: Signature | null): readonly Value[] {
  const pool = [...start];
  for (const step of steps) pool.push(...perform(step, pool, callee));
  return pool;
}

// ---- towers of derivatives ------------------------------------------------------------------------------------------

/** Fixed weights that depend on the position, so that no two elements are alike. */
function weighed(x: Value, salt: number): Value {
  const axes = all(rankOf(x));
  const phase = axes.reduce(
    (sum, axis) => ops.add(sum, ops.iota(x.type as TensorType, axis)),
    ops.constantLike(salt, x),
  );
  const products = ops.mul(ops.cos(phase), x);
  return axes.length === 0 ? products : ops.reduceSum(products, axes);
}

const orders = 3;

/** f0 to f3, each a number: f(k+1) weighs the gradient of fk. @gk gives that gradient, @tk the slope of fk along tangents. */
function tower(of: Recipe): Module {
  const funcs: Func[] = [];
  const add = (name: string, args: readonly TensorType[], body: (...x: Value[]) => readonly Value[]): Signature => {
    const func = buildFunc({ name, symbols: ["N"] }, args, body);
    funcs.push(func);
    return signatureOf(func);
  };
  const callee = add("callee", types, (...x) => run(of.callee, x, null).slice(-1));
  const inner = add("inner", types, (...x) => floats(run(of.steps, x, floatsOnly(callee))).slice(-2));
  const one = (): Value => ops.constant(1, f64);
  let f = add("f0", types, (...x) => [ops.call(inner, x).map(weighed).reduce(ops.add)]);
  for (let k = 0; k < orders; k++) {
    const below = f;
    add(`g${k}`, types, (...x) => ops.vjp(below, x, [one()]).slice(1));
    add(`t${k}`, [...types, ...types.slice(1)], (...x) =>
      ops.jvp(below, x.slice(0, types.length), x.slice(types.length)).slice(1),
    );
    f = add(`f${k + 1}`, types, (...x) => [ops.vjp(below, x, [one()]).slice(1).map(weighed).reduce(ops.add)]);
  }
  return makeModule(funcs);
}

/** A callee that gives a float; the predicate itself is no use to anyone. */
function floatsOnly(callee: Signature): Signature | null {
  return (callee.results[0] as TensorType).dtype === "f64" ? callee : null;
}

function ordinary(shape: readonly number[], seed: number): NdArray {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    dtype: "f64",
    shape,
    data: Float64Array.from({ length: size }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233)),
  };
}

function argumentsOf({ size, predicate, seed }: Recipe): readonly NdArray[] {
  const p: NdArray = { dtype: "bool", shape: [], data: Uint8Array.of(Number(predicate)) };
  return [p, ...[[], [size], [2, size]].map((shape, i) => ordinary(shape, seed + i))];
}

function moved(args: readonly NdArray[], along: readonly NdArray[], by: number): readonly NdArray[] {
  const shift = (a: NdArray, v: NdArray): NdArray => ({
    ...a,
    data: Float64Array.from(a.data, (x, k) => x + by * v.data[k]),
  });
  return [args[0], ...args.slice(1).map((a, i) => shift(a, along[i]))];
}

function inner(a: NdArray, b: NdArray): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += a.data[i] * b.data[i];
  return sum;
}

it("gradients of random programs are what differences say, to the third order", () => {
  const check = (of: Recipe): void => {
    const module = runPasses(tower(of), gradPipeline, { check: "verify" }).module;
    const args = argumentsOf(of);
    const along = args.slice(1).map((a, i) => ordinary(a.shape, of.seed + 50 + i));
    const step = 1e-3;
    for (let k = 0; k < orders; k++) {
      const slope = interpret(module, `g${k}`, args).reduce((sum, g, i) => sum + inner(g, along[i]), 0);
      const at = (by: number): number => interpret(module, `f${k}`, moved(args, along, by))[0].data[0];
      const expected = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
      const scale = Math.max(1, Math.abs(expected), Math.abs(at(0)));
      const message = `order ${k + 1}: ${slope}, differences say ${expected}\n${printModule(tower(of))}`;
      // fifth derivatives grow with the order; a wrong rule is off by far more
      expect(Math.abs(slope - expected) / scale, message).toBeLessThan(1e-4);
      const [tangent] = interpret(module, `t${k}`, [...args, ...along]);
      expect(Math.abs(tangent.data[0] - slope) / scale, `forward mode, ${message}`).toBeLessThan(1e-11);
    }
  };
  fc.assert(fc.property(recipe, check), runs(60));
});

it("gradients of random programs have the same bits on every backend, optimised or not", () => {
  const check = (of: Recipe): void => {
    const module = tower(of);
    const args = argumentsOf(of);
    const resolved = runPasses(module, gradPipeline).module;
    const along = args.slice(1).map((a, i) => ordinary(a.shape, of.seed + 50 + i));
    for (const entry of ["g0", "g1", "f3", "t1"]) {
      const given = entry.startsWith("t") ? [...args, ...along] : args;
      const expected = interpret(resolved, entry, given);
      for (const backend of ["interpret", "js"] as const) {
        const { executable } = compileModule(module, { entry, backend });
        expect(sameArrays(executable.run(given), expected), `@${entry} ${backend}\n${printModule(module)}`).toBe(true);
      }
    }
  };
  fc.assert(fc.property(recipe, check), runs(15));
});

/** The leading axis of three elements on the arguments named, and each element on its own. */
function batchOf(of: Recipe, mapped: readonly number[]): { all: readonly NdArray[]; each: (readonly NdArray[])[] } {
  const each = [0, 1, 2].map((i) =>
    argumentsOf({ ...of, seed: of.seed + 7 * i, predicate: of.predicate !== (i === 1) }),
  );
  const all = each[0].map((first, k) => {
    if (!mapped.includes(k)) return first;
    const data = first.data.slice(0, 0).constructor as new (n: number) => NdArray["data"];
    const whole = new data(3 * first.data.length);
    for (const [i, args] of each.entries()) whole.set(args[k].data, i * first.data.length);
    return { ...first, shape: [3, ...first.shape], data: whole };
  });
  return { all, each: each.map((args) => args.map((a, k) => (mapped.includes(k) ? a : each[0][k]))) };
}

it("gradients of random programs map: each element of a batch has its own", () => {
  const check = (of: Recipe, mask: number): void => {
    const mapped = types.flatMap((_, i) => (((mask >> i) & 1) === 1 ? [i] : []));
    const module = tower(of);
    const { all, each } = batchOf(of, mapped);
    const wide = types.map((t, i) => (mapped.includes(i) ? tensorType(t.dtype, [symbol("B"), ...t.shape]) : t));
    for (const entry of ["g0", "f2", "t0"]) {
      const along = entry === "t0" ? types.slice(1) : [];
      const extra = along.map((t, i) =>
        ordinary(
          t.shape.map((d) => (d === 2 ? 2 : of.size)),
          of.seed + i,
        ),
      );
      const func = module.funcs.find((f) => f.name === entry) as Func;
      const many = buildFunc({ name: "mapped", symbols: ["B", "N"] }, [...wide, ...along], (...x) =>
        ops.vmap(signatureOf(func), x, mapped),
      );
      const whole = makeModule([...module.funcs, many]);
      const resolved = runPasses(whole, gradPipeline, { check: "verify" }).module;
      const got = interpret(resolved, "mapped", [...all, ...extra]);
      for (const [i, args] of each.entries()) {
        const expected = interpret(resolved, entry, [...args, ...extra]);
        for (const [k, e] of expected.entries()) {
          const part = got[k].data.slice(i * e.data.length, (i + 1) * e.data.length);
          const scale = Math.max(1, ...e.data.map(Math.abs));
          const off = Math.max(0, ...e.data.map((x, j) => Math.abs(x - part[j]) / scale));
          expect(off, `@${entry}, element ${i}, result ${k}\n${printModule(whole)}`).toBeLessThan(1e-12);
        }
      }
    }
  };
  fc.assert(fc.property(recipe, fc.integer({ min: 1, max: 15 }), check), runs(20));
});

it.each([
  ["differentiate", differentiate],
  ["the whole tensor pipeline", tensorPipeline],
] as const)("%s gives programs of any ops the derivatives that differences say, where these converge", (_, subject) => {
  const report = checkDerivative(subject, { runs: runs(200).numRuns, seed: 1 });
  expect(report.compared).toBeGreaterThan(1000);
  expect(report.leftOut).toBeLessThan(report.compared / 10);
});
