// What may fail, where it may not run: an element of a value from outside, at a subscript from outside that is out of range
// half of the time, in an arm that may not be taken and a loop that may take no step.

import { sameType, scalar, shapeOf, type TensorType, tensorType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorOf } from "../../ops/index.ts";
import { counterOf, numberOf } from "./loops.ts";
import { dtypeOf, type Pool } from "./pool.ts";
import { predicate } from "./predicates.ts";

const i32 = scalar("i32");

interface Risk {
  readonly type: TensorType;
  /** Takes the element. */
  take(): Value;
}

function riskOf(pool: Pool): Risk | null {
  const { random } = pool;
  const x = pool.find(({ shape }) => shape.length > 0 && shape.some((d) => typeof d === "number" && d > 0));
  if (x === undefined) return null;
  const shape = shapeOf(x);
  const axis = random.pick(shape.flatMap((d, a) => (typeof d === "number" && d > 0 ? [a] : [])));
  const extent = Number(shape[axis]);
  const number = random.oneIn(2) ? random.below(extent) : random.pick([-1, extent, extent + 1, 2 ** 31 - 1]);
  const given = random.oneIn(2) ? pool.find((type) => sameType(type, i32)) : undefined;
  const index = given ?? ops.constant(number, i32);
  const kept = shape.filter((_, a) => a !== axis);
  const sizes = shape.map((d, a) => (a === axis ? 1 : d));
  const offsetAxes = kept.map((_, a) => a);
  const take = (): Value =>
    ops.gather(x, index, { indexMap: [axis], indexAxis: 0, offsetAxes, collapsedAxes: [axis], sizes, mode: "fail" });
  return { type: tensorType(dtypeOf(x), kept), take };
}

/** Taken in one arm, and something else in the other. */
export function riskyBranch(pool: Pool): readonly Value[] {
  const risk = riskOf(pool);
  if (risk === null) return [];
  const other = pool.like(risk.type);
  const arms = [() => [risk.take()], () => [other]] as const;
  const [first, second] = pool.random.oneIn(2) ? arms : [arms[1], arms[0]];
  return ops.ifElse(predicate(pool), first, second);
}

/** Taken in each step of a counted loop, or of so many steps of a scan. */
export function riskyLoop(pool: Pool): readonly Value[] {
  const { random } = pool;
  const risk = riskOf(pool);
  if (risk === null) return [];
  const start = pool.like(risk.type);
  // nothing that could make up for what is taken, such as a product with 0
  const isReplaced = risk.type.dtype === "bool" || random.oneIn(2);
  const next = (own: Value): Value => (isReplaced ? risk.take() : ops.add(own, risk.take()));
  if (random.oneIn(3)) {
    return ops.scan([start], [], ([own]) => ({ carry: [next(own)], out: [] }), { length: random.pick([0, 0, 1, 2]) });
  }
  const { bound, start: first, test, next: count } = counterOf(pool);
  const end = (i: Value): Value => (typeof bound === "number" ? numberOf(bound, tensorOf(i)) : bound);
  return ops.whileLoop(
    [first, start],
    (i) => test(i, end(i)),
    (i, own) => [count(i), next(own)],
  );
}
