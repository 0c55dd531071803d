// Random well-typed programs. A program is a recipe of small numbers, so that it shrinks; building one interprets them
// against whatever values are there, and leaves out a step that does not fit.

import fc from "fast-check";
import {
  AdjointError,
  addDims,
  buildFunc,
  currentBlock,
  type Dim,
  type DType,
  elementDType,
  emit,
  type Func,
  floorDim,
  isScalar,
  list as listType,
  type Module,
  makeModule,
  minDims,
  type Op,
  type OpTable,
  sameType,
  scalar,
  shapeOf,
  signatureOf,
  subDims,
  symbol,
  type TensorType,
  tensorType,
  type Value,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { isDescribed, useOf } from "./described.ts";
import type { Dims } from "./values.ts";

/** One step: what to do, and which values to do it with, each taken modulo what there is. */
export interface Step {
  readonly kind: number;
  readonly picks: readonly number[];
  /** The steps of its regions, for the kinds that have some. */
  readonly inner: readonly Step[];
}

export interface Program {
  readonly arguments: readonly number[];
  readonly callee: readonly Step[];
  readonly steps: readonly Step[];
  readonly results: readonly number[];
  readonly size: number;
}

const sizes = [0, 1, 2, 3, 17, 33];

/** The value of every dimension symbol of a program. */
export function sizesOf(program: Program): Dims {
  return { N: sizes[program.size % sizes.length], M: sizes[(program.size * 5 + 2) % sizes.length] };
}

export function arbitraryProgram(maxSteps = 12): fc.Arbitrary<Program> {
  const pick = fc.nat(63);
  const picks = fc.array(pick, { minLength: 4, maxLength: 4 });
  const leaf = fc.record({ kind: pick, picks, inner: fc.constant([] as readonly Step[]) });
  const nested = fc.record({ kind: pick, picks, inner: fc.array(leaf, { maxLength: 5 }) });
  const deep = fc.record({ kind: pick, picks, inner: fc.array(fc.oneof(leaf, nested), { maxLength: 5 }) });
  return fc.record({
    arguments: fc.array(pick, { maxLength: 3 }),
    callee: fc.array(leaf, { maxLength: 4 }),
    steps: fc.array(fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: deep }), { maxLength: maxSteps }),
    results: fc.array(pick, { minLength: 1, maxLength: 3 }),
    size: fc.nat(sizes.length - 1),
  });
}

const n = symbol("N");
const shapes: readonly (readonly Dim[])[] = [[], [], [n], [3], [2, n], [n, symbol("M")], [1], [2, 3], [0, 2]];
const dtypeList: readonly DType[] = ["f64", "f32", "f64", "i32", "u32", "u8", "bool"];

function typeOf(pick: number): TensorType {
  return tensorType(dtypeList[pick % dtypeList.length], shapes[Math.floor(pick / dtypeList.length) % shapes.length]);
}

/** The module of a recipe: a private function `callee`, and the public `main`. */
export function buildProgram(program: Program, table: OpTable = ops.standardOps): Module {
  const symbols = ["N", "M"];
  // the first argument determines every symbol
  const types = [tensorType("f64", [n, symbol("M")]), ...program.arguments.map(typeOf)];
  const callee = buildFunc({ name: "callee", visibility: "private", symbols }, types, (...args) => {
    const pool = run(program.callee, args, new Context(table, null));
    return [pool[pool.length - 1]];
  });
  const main = buildFunc({ name: "main", symbols }, types, (...args) => {
    const pool = run(program.steps, args, new Context(table, callee));
    return program.results.map((r) => pool[pool.length - 1 - (r % pool.length)]);
  });
  return makeModule([callee, main]);
}

/** Elementwise ops whose result's dtype is chosen: steps of their own. */
const converting: ReadonlySet<Op> = new Set([ops.castOp, ops.bitcastOp]);

class Context {
  readonly elementwise: readonly Op[];
  readonly described: readonly Op[];
  readonly callee: Func | null;

  constructor(table: OpTable, callee: Func | null) {
    this.elementwise = [...table.values()].filter(
      (op) => op.scalar !== null && op.operands.length > 0 && !converting.has(op),
    );
    this.described = [...table.values()].filter(isDescribed);
    this.callee = callee;
  }
}

/** The values there are after all steps that fit. */
function run(steps: readonly Step[], start: readonly Value[], context: Context): readonly Value[] {
  const pool = [...start];
  for (const step of steps) {
    for (const v of attempt(() => perform(step, pool, context))) pool.push(v);
  }
  return pool;
}

function attempt(body: () => readonly Value[]): readonly Value[] {
  const { operations } = currentBlock();
  const before = operations.length;
  try {
    return body();
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    // what the step emitted before it failed has no use
    operations.length = before;
    return [];
  }
}

type Kind = (step: Step, pool: readonly Value[], context: Context) => readonly Value[];

const at = (pool: readonly Value[], pick: number): Value => pool[pool.length - 1 - (pick % pool.length)];

/** A value of a given type: one from the pool, else a constant. */
function like(pool: readonly Value[], pick: number, type: TensorType): Value {
  const fitting = pool.filter((v) => sameType(v.type, type));
  if (fitting.length > 0) return at(fitting, pick);
  return type.dtype === "bool" ? ops.constant(pick % 2 === 0, type) : ops.constant(pick % 5, type);
}

function tensor(value: Value): TensorType {
  if (value.type.kind === "tensor") return value.type;
  throw new AdjointError("dtype", "not a tensor");
}

const elementwise: Kind = ({ picks }, pool, { elementwise: records }) => {
  const op = records[(picks[0] + picks[3]) % records.length];
  const first = at(pool, picks[1]);
  const type = tensor(first);
  const bool = tensorType("bool", type.shape);
  const operands = op.operands.map((_, i) => {
    if (op.name === "select" && i === 0) return like(pool, picks[2], bool);
    return i === op.operands.length - 1 ? first : like(pool, picks[i % 4], type);
  });
  const attributes: Record<string, string | number> = {};
  for (const [name, spec] of Object.entries(op.attributes)) {
    if (spec.kind === "word") attributes[name] = (spec.words ?? [])[picks[3] % (spec.words ?? []).length];
    else if (spec.kind === "integer") attributes[name] = picks[3] % 4;
  }
  return emit(op, operands, { attributes });
};

/** Any op of tensors whose record says all that a use needs. */
const described: Kind = ({ picks }, pool, { described: records }) =>
  records.length === 0 ? [] : useOf(records[(picks[0] + picks[3]) % records.length], picks, pool);

const literals = [0, 1, -0, 2, 0.5, -1, Number.NaN, Infinity, 5e-324, -3];

const constant: Kind = ({ picks }) => {
  const type = typeOf(picks[0]);
  return [ops.constant(type.dtype === "bool" ? picks[1] % 2 === 0 : literals[picks[1] % literals.length], type)];
};

/** A value and a constant under an op that commutes: what most identities speak of. */
const withConstant: Kind = ({ picks }, pool, { elementwise: records }) => {
  const common = records.filter((op) => op.traits.commutative);
  const x = at(pool, picks[1]);
  const type = tensor(x);
  const value = type.dtype === "bool" ? picks[2] % 2 === 0 : literals[picks[2] % literals.length];
  const constant = ops.constant(value, type);
  return emit(common[picks[0] % common.length], picks[3] % 2 === 0 ? [x, constant] : [constant, x]);
};

const cast: Kind = ({ picks }, pool) => [ops.cast(at(pool, picks[0]), dtypeList[picks[1] % dtypeList.length])];

const bitcast: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  return [ops.bitcast(x, elementDType(x.type) === "f32" ? (["i32", "u32"] as const)[picks[1] % 2] : "f32")];
};

const broadcast: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const own = tensor(x).shape;
  const extra: Dim = [2, n, 1, 3][picks[1] % 4];
  const place = picks[2] % (own.length + 1);
  const shape = [...own.slice(0, place), extra, ...own.slice(place)];
  if (shape.length > 3) return [];
  return [
    ops.broadcast(
      x,
      shape,
      own.map((_, i) => (i < place ? i : i + 1)),
    ),
  ];
};

const reshape: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const { shape } = tensor(x);
  const flat = shape.filter((d) => d !== 1);
  return [ops.reshape(x, picks[1] % 2 === 0 ? [1, ...flat] : [...flat, 1])];
};

/** All but the last elements, all but the first ones, or every so many; of an open size, as many as there are. */
const slice: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const { shape } = tensor(x);
  if (shape.length === 0) return [];
  const axis = picks[1] % shape.length;
  const only = (d: Dim, others: readonly Dim[]): readonly Dim[] => others.map((o, a) => (a === axis ? d : o));
  const zero = shape.map(() => 0);
  const cut = minDims(picks[2] % 3, shape[axis]);
  switch (picks[3] % 3) {
    case 0:
      return [ops.slice(x, { start: zero, limit: only(subDims(shape[axis], cut), shape) })];
    case 1:
      return [ops.slice(x, { start: only(cut, zero), limit: shape })];
    default:
      return [ops.slice(x, { start: zero, limit: shape, strides: shape.map((_, a) => (a === axis ? 2 : 1)) })];
  }
};

/** Nothing is cut off an open size, which may be 0. */
const pad: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const type = tensor(x);
  const entries = (pick: number, choices: readonly number[]): readonly number[] =>
    type.shape.map((d, a) => Math.max(choices[(pick >> (2 * a)) % choices.length], typeof d === "number" ? -1 : 0));
  const padding = {
    low: entries(picks[1], [0, 1, -1, 2]),
    high: entries(picks[2], [1, 0, -1, 0]),
    interior: entries(picks[3], [0, 0, 1]),
  };
  return [ops.pad(x, padding, like(pool, picks[3], scalar(type.dtype)))];
};

const whole = scalar("i32");

/** Axes that are known to have an element; open sizes may be 0. */
function filledAxes({ shape }: TensorType): readonly number[] {
  return shape.flatMap((d, a) => (typeof d === "number" && d > 0 ? [a] : []));
}

/** A box of one element along a filled axis and all along the others, taken out or put back elsewhere. */
const dynamicBox: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const type = tensor(x);
  const axes = filledAxes(type);
  const axis = axes[picks[1] % Math.max(1, axes.length)];
  const sizes = type.shape.map((d, a) => (a === axis ? 1 : d));
  const starts = (pick: number) =>
    type.shape.map((_, a) => (a === axis ? like(pool, pick, whole) : ops.constant(0, whole)));
  const box = ops.dynamicSlice(x, starts(picks[2]), sizes);
  if (picks[3] % 3 === 0) return [box];
  const update = picks[3] % 3 === 1 ? box : like(pool, picks[1], tensor(box));
  return [ops.dynamicUpdateSlice(x, update, starts(picks[3]))];
};

/** Slices along an axis, by the indices there are, or by one; some of them outside. */
const indexed: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const type = tensor(x);
  const axes = filledAxes(type);
  if (axes.length === 0) return [];
  const axis = axes[picks[1] % axes.length];
  const indices = pool.filter((v) => elementDType(v.type) === "i32" && shapeOf(v).length <= 1);
  const by = indices.length > 0 ? at(indices, picks[2]) : ops.constant(picks[2] % 3, whole);
  const batch = shapeOf(by);
  const others = type.shape.filter((_, a) => a !== axis);
  const window = others.map((_, i) => i + batch.length);
  const numbers = { indexMap: [axis], indexAxis: batch.length };
  if (picks[3] % 3 === 0) {
    const sizes = type.shape.map((d, a) => (a === axis ? 1 : d));
    const mode = picks[1] % 2 === 0 ? "clamp" : "fill";
    return [ops.gather(x, by, { ...numbers, offsetAxes: window, collapsedAxes: [axis], sizes, mode })];
  }
  const kind = type.dtype === "bool" ? "set" : (["add", "set", "max", "mul", "min"] as const)[picks[2] % 5];
  const mode = picks[1] % 2 === 0 ? "clamp" : "drop";
  const updates = like(pool, picks[3], tensorType(type.dtype, [...batch, ...others]));
  return [ops.scatter(x, by, updates, { ...numbers, updateAxes: window, insertedAxes: [axis], kind, mode })];
};

/** The bits of 2 to 4 elements more than a tensor's first axis has. */
const rngBits: Kind = ({ picks }, pool) => {
  const keys = like(pool, picks[0], tensorType("u32", [2]));
  return [ops.rngBits(keys, [addDims(n, picks[1] % 3)], (["both", "first", "second"] as const)[picks[2] % 3])];
};

/** Of the products of rows, which may well be singular; what comes out is not a number then, everywhere the same. */
const linearAlgebra: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  if (tensor(x).shape.length !== 2) return [];
  const a = ops.dot(x, x, { contract: { left: [1], right: [1] } });
  if (picks[1] % 3 === 0) return [ops.cholesky(a)];
  if (picks[1] % 3 === 1) return ops.lu(a);
  return [
    ops.triangularSolve(a, x, { lower: picks[2] % 2 === 0, transpose: picks[2] % 4 > 1, unit: picks[3] % 2 === 0 }),
  ];
};

/** Windows along axes, with enough padding for any size: each has a place for each element, before strides. */
function windowsAlong(rank: number, [a, b, c]: readonly number[]) {
  const list = (pick: number, choices: readonly number[]): readonly number[] =>
    Array.from({ length: rank }, (_, axis) => choices[(pick >> (2 * axis)) % choices.length]);
  const [window, windowDilation] = [list(a, [2, 1, 3, 0]), list(b, [1, 1, 2])];
  const reach = window.map((k, axis) => Math.max(0, (k - 1) * windowDilation[axis]));
  const low = reach.map((d, axis) => Math.min(d, (c >> axis) % 3));
  const high = reach.map((d, axis) => d - low[axis]);
  return { window, windowDilation, low, high, strides: list(c, [1, 2, 1]), dilation: list(b >> 1, [1, 2, 1]) };
}

const reduceWindow: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const { dilation, ...windows } = windowsAlong(tensor(x).shape.length, picks.slice(1));
  const options = { ...windows, baseDilation: dilation };
  if (elementDType(x.type) === "bool") return [ops.reduceWindow(x, { ...options, kind: "or" })];
  if (picks[3] % 4 === 0) return [ops.argReduceWindow(x, { ...options, kind: picks[1] % 2 === 0 ? "max" : "min" })];
  const kinds = ["sum", "max", "prod", "min"] as const;
  return [ops.reduceWindow(x, { ...options, kind: kinds[picks[2] % kinds.length] })];
};

/** The last axes are spatial; one before them may be the features, one by one or together. */
const conv: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const { dtype, shape } = tensor(x);
  const image = shape.length > 0 && picks[1] % 2 === 0 ? [1, ...shape] : [1, 1, ...shape];
  const { window, windowDilation, ...lists } = windowsAlong(image.length - 2, picks.slice(1));
  const isByFeature = picks[2] % 4 === 0;
  const features = image[1];
  const outputs = isByFeature ? features : [1, 2, 5][picks[3] % 3];
  const kernel = tensorType(dtype, [outputs, isByFeature ? 1 : features, ...window]);
  const options = { ...lists, kernelDilation: windowDilation, featureGroups: isByFeature ? features : 1 };
  const resultAxes = image.map((_, a) => (a + picks[3]) % image.length);
  return [ops.conv(ops.reshape(x, image), like(pool, picks[3], kernel), { ...options, resultAxes })];
};

const dot: Kind = ({ picks }, pool) => {
  const x = at(pool, picks[0]);
  const rank = tensor(x).shape.length;
  if (rank === 0 || rank > 2) return [];
  const y = like(pool, picks[1], tensor(x));
  const axis = picks[2] % rank;
  return [ops.dot(x, y, { contract: { left: [axis], right: [axis] } })];
};

const iota: Kind = ({ picks }) => {
  const type = typeOf(picks[0]);
  return type.shape.length === 0 ? [] : [ops.iota(type, picks[1] % type.shape.length)];
};

const branch: Kind = ({ picks, inner }, pool, context) => {
  const predicate = like(
    pool.filter((v) => isScalar(v.type)),
    picks[0],
    scalar("bool"),
  );
  const sample = at(pool, picks[1]);
  const half = inner.length >> 1;
  const arm = (steps: readonly Step[]) => () => [like(run(steps, pool, context), picks[2], tensor(sample))];
  return ops.ifElse(predicate, arm(inner.slice(0, half)), arm(inner.slice(half)));
};

/** Counts down from a small number, which may be known when it runs only, so that it ends. */
const loop: Kind = ({ picks, inner }, pool, context) => {
  const carried = at(pool, picks[0]);
  const i32 = scalar("i32");
  const most = ops.constant(picks[1] % 4, i32);
  const counts = pool.filter((v) => sameType(v.type, i32));
  const times = picks[3] % 2 === 0 ? most : ops.minimum(like(counts, picks[3], i32), most);
  const inits = [times, carried];
  const results = ops.whileLoop(
    inits,
    (i) => ops.compare(i, ops.constant(0, i32), "gt"),
    (i, x) => {
      const next = like(run(inner, [...pool, x], context), picks[2], tensor(carried));
      return [ops.add(i, ops.constant(-1, i32)), next];
    },
  );
  return [results[1]];
};

const scan: Kind = ({ picks, inner }, pool, context) => {
  const sources = pool.filter((v) => shapeOf(v).length > 0 && shapeOf(v).length < 3);
  if (sources.length === 0) return [];
  const carried = at(pool, picks[1]);
  return ops.scan(
    [carried],
    [at(sources, picks[0])],
    ([c], [x]) => {
      const after = run(inner, [...pool, c, x], context);
      return { carry: [like(after, picks[2], tensor(carried))], out: [at(after, picks[3] % 3)] };
    },
    { reverse: picks[3] % 2 === 1 },
  );
};

/** Its derivative is of no interest here: the backward gives zeros. */
const custom: Kind = ({ picks, inner }, pool, context) => {
  const args = [at(pool, picks[0]), at(pool, picks[1])];
  const body = (...own: Value[]) => [like(run(inner, [...pool, ...own], context), picks[2], tensor(args[0]))];
  const backward = (): Value[] => args.filter((v) => ops.isFloatType(v.type)).map(ops.zerosLike);
  if (picks[3] % 2 === 0) {
    const slopes = (values: readonly Value[]): Value[] =>
      values.filter((v) => ops.isFloatType(v.type)).map(ops.zerosLike);
    const jvp = (...own: Value[]): readonly Value[] => {
      const values = body(...own.slice(0, args.length));
      return [...values, ...slopes(values)];
    };
    return ops.customJvp(args, { body, jvp });
  }
  return ops.customVjp(args, { body, forward: (...own) => [...body(...own), own[1]], backward });
};

const call: Kind = ({ picks }, pool, { callee }) => {
  if (callee === null) return [];
  const signature = signatureOf(callee);
  const args = signature.arguments.map((t, i) => like(pool, picks[i % 4], t as TensorType));
  return ops.call(signature, args, { N: n, M: symbol("M") });
};

/** What is pushed, one by one or several at once, comes back in the opposite order, then zeros. */
const tape: Kind = ({ picks }, pool) => {
  const first = at(pool, picks[0]);
  const type = tensor(first);
  let list = ops.empty(listType(type));
  for (const pick of picks.slice(0, picks[3] % 4)) list = ops.push(list, like(pool, pick, type));
  if (picks[2] % 2 === 0) list = ops.push(list, first, like(pool, picks[1], type), first);
  const [rest, top] = ops.pop(list);
  return [top, ...ops.pop(rest, 2).slice(1)];
};

/** A size: a dimension, or the elements of a tensor along some of its axes. */
const dim: Kind = ({ picks }, pool) => {
  if (picks[1] % 4 > 0) return [ops.dim([n, symbol("M"), addDims(n, 2), floorDim(n, 2)][picks[0] % 4])];
  const x = at(pool, picks[0]);
  const axes = tensor(x).shape.flatMap((_, a) => ((picks[2] >> a) % 2 === 0 ? [a] : []));
  return [ops.emit1(ops.extentOp, [x], { attributes: { axes } })];
};

const probe: Kind = ({ picks }, pool) => [ops.probe(at(pool, picks[0]), "seen")];

/** Mostly of what holds, so that programs get to their end. */
const check: Kind = ({ picks }, pool) => {
  const bools = pool.filter((v) => sameType(v.type, scalar("bool")));
  const known = ops.constant(picks[0] % 16 !== 0, scalar("bool"));
  ops.check(bools.length > 0 && picks[1] % 4 === 0 ? at(bools, picks[2]) : known, "checked");
  return [];
};

const kinds: readonly Kind[] = [
  elementwise,
  withConstant,
  withConstant,
  withConstant,
  withConstant,
  elementwise,
  elementwise,
  elementwise,
  elementwise,
  elementwise,
  constant,
  cast,
  bitcast,
  broadcast,
  reshape,
  described,
  slice,
  pad,
  described,
  described,
  described,
  dynamicBox,
  indexed,
  indexed,
  described,
  described,
  described,
  reduceWindow,
  conv,
  dot,
  iota,
  described,
  linearAlgebra,
  rngBits,
  tape,
  dim,
  call,
  probe,
  check,
];
const regionKinds: readonly Kind[] = [branch, loop, scan, custom];

function perform(step: Step, pool: readonly Value[], context: Context): readonly Value[] {
  const list = step.inner.length > 0 ? regionKinds : kinds;
  const values = list[step.kind % list.length](step, pool, context);
  return values.filter((v) => elementDType(v.type) !== undefined);
}
