// Uses of ops that observe, stop derivatives, compare, order, draw bits and keep tapes.

import {
  addDims,
  isFloat,
  list as listType,
  scalar,
  shapeOf,
  symbol,
  tensorType,
  type Value,
} from "../../../ir/index.ts";
import * as ops from "../../../ops/index.ts";
import { type Pool, rankOf } from "../pool.ts";
import { predicate } from "../predicates.ts";
import { tensorDTypes } from "../uses.ts";
import { type Idiom, typeOf, withAxes } from "./idiom.ts";

/** The bits of some elements, as many as a size or a number says. */
export const rngBits: Idiom = (pool, symbols) => {
  const { random } = pool;
  const keys = pool.like(tensorType("u32", [2]));
  const size = random.pick([2, 3, ...symbols.map((s) => addDims(symbol(s), random.below(3)))]);
  return [ops.rngBits(keys, [size], random.pick(["both", "first", "second"]))];
};

/** What is pushed, one by one or several at once, comes back in the opposite order, then zeros. */
export const tape: Idiom = (pool) => {
  const { random } = pool;
  const first = pool.any();
  const type = typeOf(first);
  let list = ops.empty(listType(type));
  for (let i = random.below(4); i > 0; i--) list = ops.push(list, pool.like(type));
  if (random.oneIn(2)) list = ops.push(list, first, pool.like(type), first);
  const [rest, top] = ops.pop(list);
  return [top, ...ops.pop(rest, 2).slice(1)];
};

/** A value, or what an everyday operation gives, is shown; twice now and then, by other names. */
export const probe: Idiom = (pool) => {
  const { random } = pool;
  const x = random.oneIn(3) ? everyday(pool) : pool.any();
  const seen = [ops.probe(x, `probe ${random.below(1000)}`)];
  if (random.oneIn(3)) seen.push(ops.probe(x, `probe ${random.below(1000)}`));
  return seen;
};

/** A value converted, or through an operation that changes little of it. */
function everyday(pool: Pool): Value {
  const { random } = pool;
  const x = pool.any();
  const type = typeOf(x);
  if (type.dtype === "bool") return random.oneIn(2) ? ops.not(x) : ops.cast(x, "i32");
  return random.pick([
    () => ops.cast(x, random.pick(tensorDTypes)),
    () => ops.mul(x, pool.like(type)),
    () => ops.add(x, pool.constant(type)),
    () => (type.dtype === "i32" || isFloat(type.dtype) ? ops.neg(x) : ops.maximum(x, pool.like(type))),
    () => (type.dtype === "i32" || isFloat(type.dtype) ? ops.abs(x) : ops.minimum(x, pool.like(type))),
  ])();
}

/** Of what holds half of the time, so that programs get to their end; one or two, of which the first that fails tells. */
export const check: Idiom = (pool) => {
  const { random } = pool;
  const holds = !random.oneIn(12);
  const given = random.oneIn(2) ? predicate(pool) : ops.constant(holds, scalar("bool"));
  ops.check(given, `check ${random.below(1000)}`);
  if (random.oneIn(3)) ops.check(random.oneIn(2) ? given : predicate(pool), `check ${random.below(1000)}`);
  return [];
};

export const compare: Idiom = (pool) => {
  const x = pool.any();
  const direction = pool.random.pick(["lt", "le", "gt", "ge", "eq", "ne"] as const);
  return [ops.compare(x, pool.random.oneIn(10) ? x : pool.like(typeOf(x)), direction)];
};

export const sort: Idiom = (pool) => {
  const { random } = pool;
  const x = withAxes(pool);
  if (x === undefined) return [];
  const payload = pool.find(
    ({ shape }, v) => v !== x && shape.length === rankOf(x) && String(shape) === String(shapeOf(x)),
  );
  const keys = payload === undefined || random.oneIn(3) ? [x] : [x, payload];
  return ops.sort(keys, { axis: random.below(rankOf(x)), descending: random.oneIn(3) });
};

/** A value beside the one through which no derivative flows: a function of both, one of the two, or a function stopped. */
export const stopped: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.find(({ dtype }) => isFloat(dtype)) ?? pool.any();
  const type = typeOf(x);
  const s = ops.stopGradient(x);
  if (type.dtype === "bool") return [s];
  const p = (): Value =>
    type.shape.length === 0 || random.oneIn(2)
      ? ops.compare(x, pool.like(type), "lt")
      : pool.like(tensorType("bool", type.shape));
  const combine = random.pick([ops.mul, ops.mul, ops.add, ops.sub]);
  return random.pick([
    () => [s],
    () => [ops.select(p(), s, x)],
    () => [ops.select(p(), x, s)],
    () => [combine(x, s)],
    () => [ops.stopGradient(combine(x, pool.like(type)))],
    () => [ops.mul(x, ops.stopGradient(combine(x, pool.like(type))))],
  ])();
};
