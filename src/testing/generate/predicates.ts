// Truth values that branches, loops, selections and checks go by: comparisons of numbers mostly, NaN among them.

import { isFloat, sameType, scalar, type TensorType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorOf } from "../../ops/index.ts";
import type { Pool } from "./pool.ts";

const bool = scalar("bool");

/** A truth value: one that there is, a comparison, or what a connective makes of these. */
export function predicate(pool: Pool): Value {
  const { random } = pool;
  const kind = random.below(10);
  if (kind < 4) return flag(pool);
  const first = comparison(pool);
  if (kind > 6) return first;
  const other = (): Value => (random.oneIn(2) ? comparison(pool) : flag(pool));
  return kind === 4 ? ops.not(first) : kind === 5 ? ops.and(first, other()) : ops.or(first, other());
}

function flag(pool: Pool): Value {
  return pool.find((type) => sameType(type, bool)) ?? pool.constant(bool);
}

/** Of two numbers, floats where there are some half of the time. */
function comparison(pool: Pool): Value {
  const { random } = pool;
  const isNumber = ({ dtype, shape }: TensorType): boolean => shape.length === 0 && dtype !== "bool";
  const isReal = (type: TensorType): boolean => isNumber(type) && isFloat(type.dtype);
  const x = (random.oneIn(2) ? pool.find(isReal) : undefined) ?? pool.find(isNumber);
  if (x === undefined) return flag(pool);
  const y = pool.like(tensorOf(x));
  return ops.compare(x, y, random.pick(["lt", "lt", "le", "gt", "ge", "eq", "ne"] as const));
}
