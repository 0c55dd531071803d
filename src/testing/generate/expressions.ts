// Expressions as rewrite rules look for them, on the values that there are.

import { currentBlock, sameType, type TensorType, type Value } from "../../ir/index.ts";
import { tensorOf } from "../../ops/index.ts";
import type { Identities } from "./identities.ts";
import { PatternValues } from "./pattern-values.ts";
import type { Pool } from "./pool.ts";

/** What an expression gives, and what its operations give on the way, which has another use then. */
export function expression(pool: Pool, identities: Identities, symbols: readonly string[]): readonly Value[] {
  const { random } = pool;
  const first = pool.any();
  const type = tensorOf(first);
  const pattern = identities.pattern(random, type.dtype);
  if (pattern === null) return [];
  const isOrdinary = random.oneIn(2);
  const constantOneIn = random.pick([8, 8, 8, 8, 3, 1]);
  const constant = (wanted: TensorType): Value => (isOrdinary ? pool.ordinary(wanted) : pool.constant(wanted));
  const leaf = (wanted: TensorType): Value =>
    (random.oneIn(constantOneIn) ? undefined : pool.find((t) => sameType(t, wanted))) ?? constant(wanted);
  const { operations } = currentBlock();
  const before = operations.length;
  pool.want(first);
  try {
    const root = new PatternValues(random, { type, shapes: [type.shape], leaf, symbols }).value(pattern);
    const inner = operations.slice(before).flatMap((o) => (o.op.traits.constant ? [] : o.results));
    return [...inner.filter((v) => v !== root), root];
  } finally {
    pool.want(undefined);
  }
}
