// Uses of ops with regions: branches and functions with derivatives of their own, whose regions hold random steps; loops
// stand in a file of their own.

import { type Block, Cloner, currentBlock, makeBlock, type Op, sameType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorOf } from "../../ops/index.ts";
import { literal } from "./literals.ts";
import { combined, inside, loop, numberOf, scan, several, typesOf } from "./loops.ts";
import { predicate } from "./predicates.ts";
import type { Random } from "./random.ts";
import type { RegionIdiom } from "./region-idiom.ts";
import { riskyBranch, riskyLoop } from "./risks.ts";

/**
 * Arms that are empty, constants only, alike but for a constant, or branches by the same predicate are among them: passes look
 * for these.
 */
const branch: RegionIdiom = (pool, steps) => {
  const { random } = pool;
  if (pool.isObserved && random.oneIn(8)) return riskyBranch(pool);
  const given = several(pool);
  const types = typesOf(given);
  const kind = random.below(7);
  const p = predicate(pool);
  const firsts = types.map(({ dtype }) => (random.oneIn(2) ? literal(random, dtype) : random.pick([0, -0, 0, 1, -1])));
  const simple = (isSecond: boolean) => {
    if (kind === 0)
      return types.map((type, i) => numberOf(isSecond ? random.pick([firsts[i], -firsts[i]]) : firsts[i], type));
    return given.map((v, i) => (types[i].dtype === "bool" ? v : combined(v, pool.constant(types[i]), random)));
  };
  const arm = (isSecond: boolean) => () => {
    if (kind < 2) return simple(isSecond);
    if (kind === 2 && random.oneIn(2))
      return ops.ifElse(
        p,
        () => simple(false),
        () => simple(true),
      );
    const own = pool.within([p]);
    if (!random.oneIn(6)) steps(own);
    return types.map((type) => own.computed(type));
  };
  return ops.ifElse(p, arm(false), arm(true));
};

const isFloat = (v: Value): boolean => ops.isFloatType(v.type);

/**
 * Residuals are some of the arguments in any order; a cotangent is that of the result times a number for each argument, and
 * times a residual, where they are of one type.
 */
function reverse(args: readonly Value[], body: (...own: Value[]) => readonly Value[], random: Random) {
  const kept = random.shuffled(args.map((_, i) => i)).slice(0, random.pick([1, 1, 2, 3]));
  const [result] = typesOf(args);
  const back = args.filter(isFloat).map((v, i) => {
    const type = tensorOf(v);
    const isDirect = sameType(type, result) && !random.oneIn(6);
    const factor = i + random.pick([1, 2, 0.5]);
    const by = kept.findIndex((k) => sameType(args[k].type, type));
    return (taken: readonly Value[]): Value => {
      if (!isDirect) return by >= 0 && random.oneIn(2) ? taken[by] : ops.zerosLike(v);
      const scaled = ops.mul(taken[kept.length], ops.constant(factor, type));
      return by >= 0 && random.oneIn(2) ? ops.mul(scaled, taken[by]) : scaled;
    };
  });
  return {
    forward: (...own: Value[]): readonly Value[] => [...body(...own), ...kept.map((k) => own[k])],
    backward: (...taken: Value[]): readonly Value[] => back.map((of) => of(taken)),
  };
}

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
    if (!isForward) return ops.customVjp(args, { body, ...reverse(args, body, pool.random) });
    const jvp = (...own: Value[]): readonly Value[] => {
      const values = body(...own.slice(0, args.length));
      return [...values, ...zeros(values)];
    };
    return ops.customJvp(args, { body, jvp });
  };

/** The uses by the op that they are about. */
export const regionIdioms: ReadonlyMap<Op, RegionIdiom> = new Map<Op, RegionIdiom>([
  [ops.records.if, branch],
  [ops.records.while, (pool, steps) => (pool.isObserved && pool.random.oneIn(8) ? riskyLoop(pool) : loop(pool, steps))],
  [ops.records.scan, scan],
  [ops.records.customVjp, custom(false)],
  [ops.records.customJvp, custom(true)],
]);
