// Loops: counters that go up and down to bounds from anywhere, and what is carried beside them: values that feed one another,
// that alternate, that become what they began as or a constant.

import {
  type Dim,
  type DType,
  dtypes,
  isFloat,
  sameType,
  scalar,
  shapeOf,
  type TensorType,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorOf } from "../../ops/index.ts";
import { literal } from "./literals.ts";
import { dtypeOf, type Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import type { RegionIdiom, Steps } from "./region-idiom.ts";

const bool = scalar("bool");

export function typesOf(values: readonly Value[]): readonly TensorType[] {
  return values.map(tensorOf);
}

/** The values of a region that has these arguments, after random steps. */
export function inside(pool: Pool, args: readonly Value[], steps: Steps): Pool {
  const own = pool.within(args);
  steps(own);
  return own;
}

/** One to three values; now and then the same one twice, or none. */
export function several(pool: Pool): readonly Value[] {
  return Array.from({ length: pool.random.pick([1, 1, 2, 2, 1, 2, 3, 0]) }, () => pool.any());
}

/** A value with a number of its type, which is not a truth value, or with itself. */
export function combined(v: Value, other: Value, random: Random): Value {
  if (dtypeOf(v) === "bool") return random.oneIn(2) ? ops.not(v) : ops.and(v, other);
  return random.pick([ops.add, ops.mul, ops.sub, ops.maximum])(v, other);
}

/** A number as a constant of a type, as that dtype has it. */
export function numberOf(value: number, type: TensorType): Value {
  const rounded = dtypes[type.dtype].round(value);
  return ops.constant(type.dtype === "bool" ? rounded !== 0 : rounded, type);
}

// ---- counters -----------------------------------------------------------------------------------------------------------

/** How a loop counts, so that it takes a few steps at most. */
export interface Counter {
  readonly start: Value;
  /** Where it ends; a number is made in the test. */
  readonly bound: Value | number;
  /** Whether it goes on. */
  test(i: Value, bound: Value): Value;
  next(i: Value): Value;
}

const mostSteps = [0, 1, 2, 3, 5, 9];

export function counterOf(pool: Pool): Counter {
  const { random } = pool;
  const dtype = random.pick<DType>(["i32", "i32", "i32", "i32", "u32", "u8", "f64"]);
  return random.oneIn(2) ? upward(pool, dtype) : downward(pool, dtype);
}

/** A value of the dtype that is known when it runs only, with a limit on one side. */
function limited(pool: Pool, dtype: DType, limit: number, by: typeof ops.minimum): Value {
  const type = scalar(dtype);
  return by(pool.find((t) => sameType(t, type)) ?? pool.computed(type), numberOf(limit, type));
}

function upward(pool: Pool, dtype: DType): Counter {
  const { random } = pool;
  const type = scalar(dtype);
  const isSigned = dtype === "i32" || isFloat(dtype);
  const step = random.pick([1, 1, 1, 2, isFloat(dtype) ? 0.5 : 3]);
  const first = random.oneIn(4) ? null : random.pick([0, 0, 0, 0, 1, 2, 5, 12, isSigned ? -2 : 0]);
  const start = first === null ? limited(pool, dtype, 0, ops.maximum) : numberOf(first, type);
  const most = random.pick(mostSteps);
  const isFixed = random.oneIn(2);
  const bound = isFixed ? boundOf(most, type, random) : limited(pool, dtype, most, ops.minimum);
  // what goes on until it equals its bound has to meet it
  const meets = first !== null && first <= most && (most - first) % step === 0 && isFixed;
  const direction = random.pick(["lt", "lt", "lt", "le", meets ? "ne" : "lt"] as const);
  const isMirrored = random.oneIn(6) && direction !== "ne";
  return {
    start,
    bound,
    test: (i, end) =>
      isMirrored ? ops.compare(end, i, direction === "lt" ? "gt" : "ge") : ops.compare(i, end, direction),
    next: (i) => ops.add(i, numberOf(step, type)),
  };
}

/** To what is at least a step above the least number where there is nothing below 0. */
function downward(pool: Pool, dtype: DType): Counter {
  const { random } = pool;
  const type = scalar(dtype);
  const isSigned = dtype === "i32" || isFloat(dtype);
  const step = random.pick([1, 1, 1, 2]);
  const most = random.pick(mostSteps);
  const isFixed = random.oneIn(2);
  const start = isFixed ? numberOf(most, type) : limited(pool, dtype, most, ops.minimum);
  const isPlain = step === 1 && random.oneIn(2);
  const least = isPlain ? 0 : isSigned ? random.pick([0, 0, 1, -1, 3]) : random.pick([step, step + 1]);
  const isBoundFixed = isPlain || random.oneIn(2);
  const bound = isBoundFixed ? boundOf(least, type, random) : limited(pool, dtype, least, ops.maximum);
  const meets = isFixed && isBoundFixed && least <= most && (most - least) % step === 0;
  const direction = random.pick(isPlain ? (["gt"] as const) : (["gt", "gt", "ge", meets ? "ne" : "gt"] as const));
  return {
    start,
    bound,
    test: (i, end) => ops.compare(i, end, direction),
    next: (i) => (isSigned ? ops.add(i, numberOf(-step, type)) : ops.sub(i, numberOf(step, type))),
  };
}

/** Made outside, or where it is tested. */
function boundOf(value: number, type: TensorType, random: Random): Value | number {
  return random.oneIn(3) ? numberOf(value, type) : value;
}

// ---- while --------------------------------------------------------------------------------------------------------------

/** A counted loop; a value may end it sooner. */
export const loop: RegionIdiom = (pool, steps) => {
  const { random } = pool;
  const counter = counterOf(pool);
  const carry = carriesOf(pool);
  const isBoundCarried = random.oneIn(4) && typeof counter.bound !== "number";
  const bounds = isBoundCarried && typeof counter.bound !== "number" ? [counter.bound] : [];
  const first = 1 + bounds.length;
  const boundIn = (args: readonly Value[]): Value =>
    typeof counter.bound === "number"
      ? numberOf(counter.bound, tensorOf(args[0]))
      : isBoundCarried
        ? args[1]
        : counter.bound;
  const isEndedSooner = random.oneIn(3);
  const isNeverRun = random.oneIn(12);
  const results = ops.whileLoop(
    [counter.start, ...bounds, ...carry.inits],
    (...args) => {
      if (isNeverRun) return ops.constant(false, bool);
      const goesOn = counter.test(args[0], boundIn(args));
      if (!isEndedSooner) return goesOn;
      const flag = inside(pool, args.slice(first), steps).find((type) => sameType(type, bool));
      return flag === undefined ? goesOn : ops.and(goesOn, flag);
    },
    (...args) => {
      const own = args.slice(first);
      const after = inside(pool, random.oneIn(2) ? [args[0], ...own] : own, steps);
      return [counter.next(args[0]), ...args.slice(1, first), ...carry.next(own, after, args[0])];
    },
  );
  // some of the last values are read by nothing
  return results.filter((_, k) => (k === 0 ? random.oneIn(2) : k >= first && !random.oneIn(6)));
};

// ---- what is carried ----------------------------------------------------------------------------------------------------

/** Values that are carried, and what they become in a step. */
export interface Carries {
  readonly inits: readonly Value[];
  /** After the steps of a region that has `own` for arguments, and a counter. */
  next(own: readonly Value[], after: Pool, counter: Value | null): readonly Value[];
}

/** Several values, often of one type; now and then a constant that becomes one, and a truth value that alternates. */
function carriesOf(pool: Pool): Carries {
  const { random } = pool;
  const given = several(pool);
  const values = given.length > 0 && random.oneIn(3) ? [...given, pool.like(tensorOf(given[0]))] : given;
  const types = typesOf(values);
  const settled = values.map((_, k) => (random.oneIn(8) ? settledOf(types[k], random) : null));
  const inits = values.map((v, k) => {
    const pair = settled[k];
    return pair === null ? v : numberOf(pair[0], types[k]);
  });
  const alternates = random.oneIn(5);
  const flags = alternates ? [pool.find((type) => sameType(type, bool)) ?? pool.constant(bool)] : [];
  const next: Carries["next"] = (own, after, counter) => {
    const flag = own[values.length];
    if (alternates && types.length > 0) after.add(chosenBy(flag, own[0], after));
    const nexts = types.map((type, k) => {
      const pair = settled[k];
      if (pair !== null) return numberOf(pair[1], type);
      if (random.oneIn(8)) return own[k];
      return random.oneIn(4) ? fed(own, k, counter, random) : after.computed(type);
    });
    return alternates ? [...nexts, random.oneIn(2) ? ops.not(flag) : after.computed(bool)] : nexts;
  };
  return { inits: [...inits, ...flags], next };
}

/** What a carry begins as, and what it becomes for ever: the same mostly. */
function settledOf({ dtype }: TensorType, random: Random): readonly [number, number] {
  const number = (): number => (random.oneIn(2) ? literal(random, dtype) : random.pick([0, 1, -1, 2]));
  const from = number();
  return [from, random.pick([from, -from, number(), number()])];
}

/** A value that depends on which way a truth value went in this step. */
function chosenBy(flag: Value, v: Value, pool: Pool): readonly Value[] {
  const { random } = pool;
  const type = tensorOf(v);
  return ops.ifElse(
    flag,
    () => [combined(v, pool.constant(type), random)],
    () => [random.oneIn(2) ? v : combined(v, v, random)],
  );
}

/** A carry together with another one, with the counter, or another one in its place. */
function fed(own: readonly Value[], k: number, counter: Value | null, random: Random): Value {
  const type = tensorOf(own[k]);
  const others = own.filter((v, j) => j !== k && sameType(v.type, type));
  if (others.length > 0) {
    const other = random.pick(others);
    return random.oneIn(3) ? other : combined(own[k], other, random);
  }
  if (counter === null || type.dtype === "bool") return combined(own[k], own[k], random);
  const count = ops.cast(counter, type.dtype);
  const isWide = type.shape.length > 0;
  return combined(own[k], isWide ? ops.broadcast(count, type.shape, []) : count, random);
}

// ---- scan ---------------------------------------------------------------------------------------------------------------

/** Rows that have nothing to do with each other, with a loop for each. */
const rows: RegionIdiom = (pool, steps) => {
  const over = pool.find(
    ({ shape }) => shape.length > 0 && shape.length < 3 && (shape[0] === 4 || pool.random.oneIn(3)),
  );
  if (over === undefined) return [];
  return ops.scan([], [over], (_, elements) => {
    const own = pool.within(elements);
    own.add(loop(own, steps));
    return { carry: [], out: [own.any(), own.any()].filter((v) => shapeOf(v).length < 3) };
  });
};

/** Over one value or two, or so many steps. */
export const scan: RegionIdiom = (pool, steps) => {
  const { random } = pool;
  if (random.oneIn(6)) return rows(pool, steps);
  const isLong = ({ shape }: TensorType): boolean => shape.length > 0 && shape.length < 3;
  const over = random.oneIn(4) ? undefined : pool.find(isLong);
  const carry = carriesOf(pool);
  const second =
    over === undefined ? undefined : pool.find((type) => isLong(type) && type.shape[0] === shapeOf(over)[0]);
  const lists = over === undefined ? [] : second === undefined || random.oneIn(2) ? [over] : [over, second];
  const length: Dim | undefined = over === undefined ? random.pick([0, 1, 1, 2, 3, 3, 5]) : undefined;
  return ops.scan(
    carry.inits,
    lists,
    (own, elements) => {
      const after = inside(pool, [...own, ...elements], steps);
      const isSilent = random.oneIn(over === undefined ? 2 : 4);
      const out = isSilent ? [] : [after.any(), ...(random.oneIn(3) ? [after.any()] : [])];
      return { carry: carry.next(own, after, null), out: out.filter((v) => shapeOf(v).length < 3) };
    },
    { reverse: random.oneIn(2), ...(length === undefined ? {} : { length }) },
  );
};
