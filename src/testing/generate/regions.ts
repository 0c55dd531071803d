// Uses of ops with regions: branches, loops and functions with derivatives of their own, whose regions hold random steps.

import {
  type Block,
  Cloner,
  currentBlock,
  makeBlock,
  type Op,
  sameType,
  scalar,
  shapeOf,
  type TensorType,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorOf } from "../../ops/index.ts";
import type { Pool } from "./pool.ts";

/** Appends random operations on values of the pool, to which it adds what they give. */
export type Steps = (pool: Pool) => void;

/** What a use with regions gives. */
export type RegionIdiom = (pool: Pool, steps: Steps) => readonly Value[];

const i32 = scalar("i32");
const bool = scalar("bool");

function typesOf(values: readonly Value[]): readonly TensorType[] {
  return values.map(tensorOf);
}

/** The values of a region that has these arguments, after random steps. */
function inside(pool: Pool, args: readonly Value[], steps: Steps): Pool {
  const own = pool.within(args);
  steps(own);
  return own;
}

/** One to three values; now and then the same one twice, or none. */
function several(pool: Pool): readonly Value[] {
  return Array.from({ length: pool.random.pick([1, 1, 2, 2, 1, 2, 3, 0]) }, () => pool.any());
}

/** Arms that are empty, constants only, or alike but for a constant are among them: passes look for these. */
const branch: RegionIdiom = (pool, steps) => {
  const { random } = pool;
  const given = several(pool);
  const types = typesOf(given);
  const kind = random.below(6);
  const combine = random.pick([ops.add, ops.mul, ops.sub, ops.maximum]);
  const arm = () => {
    const own = pool.within([]);
    if (kind === 0) return types.map((type) => own.constant(type));
    if (kind === 1) return given.map((v, i) => (types[i].dtype === "bool" ? v : combine(v, own.constant(types[i]))));
    if (!random.oneIn(6)) steps(own);
    return types.map((type) => own.computed(type));
  };
  const flag = pool.find((type) => sameType(type, bool)) ?? pool.constant(bool);
  const predicate = random.oneIn(6) ? ops.not(flag) : flag;
  return ops.ifElse(predicate, arm, arm);
};

/** Counts to a small number, which may be known when it runs only, so that it ends; a value may end it sooner. */
const loop: RegionIdiom = (pool, steps) => {
  const { random } = pool;
  const carried = several(pool);
  const types = typesOf(carried);
  const most = ops.constant(random.pick([0, 1, 2, 3, 5, 9]), i32);
  const times = random.oneIn(2) ? most : ops.minimum(pool.computed(i32), most);
  const isEndedSooner = random.oneIn(3);
  const isNeverRun = random.oneIn(12);
  const results = ops.whileLoop(
    [times, ...carried],
    (i, ...own) => {
      if (isNeverRun) return ops.constant(false, bool);
      const goesOn = ops.compare(i, ops.constant(0, i32), "gt");
      if (!isEndedSooner) return goesOn;
      const flag = inside(pool, own, steps).find((type) => sameType(type, bool));
      return flag === undefined ? goesOn : ops.and(goesOn, flag);
    },
    (i, ...own) => {
      const after = inside(pool, random.oneIn(2) ? [i, ...own] : own, steps);
      const next = types.map((type, k) => (random.oneIn(6) ? own[k] : after.computed(type)));
      return [ops.add(i, ops.constant(-1, i32)), ...next];
    },
  );
  return results.slice(1);
};

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

const scan: RegionIdiom = (pool, steps) => {
  const { random } = pool;
  if (random.oneIn(5)) return rows(pool, steps);
  const over = pool.find(({ shape }) => shape.length > 0 && shape.length < 3);
  if (over === undefined) return [];
  const carried = several(pool);
  const types = typesOf(carried);
  const second = pool.find(({ shape }) => shape.length > 0 && shape.length < 3 && shape[0] === shapeOf(over)[0]);
  const lists = second === undefined || random.oneIn(2) ? [over] : [over, second];
  return ops.scan(
    carried,
    lists,
    (own, elements) => {
      const after = inside(pool, [...own, ...elements], steps);
      const out = random.oneIn(4) ? [] : [after.any(), ...(random.oneIn(3) ? [after.any()] : [])];
      const carry = types.map((type, k) => (random.oneIn(6) ? own[k] : after.computed(type)));
      return { carry, out: out.filter((v) => shapeOf(v).length < 3) };
    },
    { reverse: random.oneIn(2) },
  );
};

const isFloat = (v: Value): boolean => ops.isFloatType(v.type);

/** The derivative of its own is a multiple of the arguments' tangents; what it means is its body. */
const custom =
  (isForward: boolean): RegionIdiom =>
  (pool, steps) => {
    const args = several(pool);
    if (args.length === 0) return [];
    const [type] = typesOf(args);
    // what is differentiated may not come from outside
    const outside = pool.random.oneIn(4) ? pool : pool.apart();
    let meaning: Block | null = null;
    // a derivative that computed something else beside would be no derivative of it
    const body = (...own: Value[]): readonly Value[] => {
      if (meaning !== null) return new Cloner().inline(meaning, own, currentBlock());
      const results = [inside(outside, own, steps).computed(type)];
      meaning = makeBlock(own, [...currentBlock().operations], results);
      return results;
    };
    const zeros = (values: readonly Value[]) => values.filter(isFloat).map(ops.zerosLike);
    if (!isForward) {
      return ops.customVjp(args, { body, forward: (...own) => [...body(...own), own[0]], backward: () => zeros(args) });
    }
    const jvp = (...own: Value[]): readonly Value[] => {
      const values = body(...own.slice(0, args.length));
      return [...values, ...zeros(values)];
    };
    return ops.customJvp(args, { body, jvp });
  };

/** The uses by the op that they are about. */
export const regionIdioms: ReadonlyMap<Op, RegionIdiom> = new Map<Op, RegionIdiom>([
  [ops.records.if, branch],
  [ops.records.while, loop],
  [ops.records.scan, scan],
  [ops.records.customVjp, custom(false)],
  [ops.records.customJvp, custom(true)],
]);
