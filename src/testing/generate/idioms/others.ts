// Uses of ops that observe, compare, order, draw bits and keep tapes.

import { addDims, list as listType, scalar, shapeOf, symbol, tensorType } from "../../../ir/index.ts";
import * as ops from "../../../ops/index.ts";
import { rankOf } from "../pool.ts";
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

/** A value is shown twice now and then, by other names. */
export const probe: Idiom = (pool) => {
  const { random } = pool;
  const x = pool.any();
  const seen = [ops.probe(x, `probe ${random.below(1000)}`)];
  if (random.oneIn(3)) seen.push(ops.probe(x, `probe ${random.below(1000)}`));
  return seen;
};

/** Mostly of what holds, so that programs get to their end; one or two, of which the first that fails tells. */
export const check: Idiom = (pool) => {
  const { random } = pool;
  const holds = !random.oneIn(12);
  for (let i = random.pick([1, 2]); i > 0; i--) {
    const given = random.oneIn(3) ? pool.find(({ dtype, shape }) => dtype === "bool" && shape.length === 0) : undefined;
    ops.check(given ?? ops.constant(holds, scalar("bool")), `check ${random.below(1000)}`);
  }
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
