// Lists are linear: an operation that takes one and gives one changes it.

import type { Operation } from "../../../ir/index.ts";

/** By how many elements an operation makes a list longer, below 0 where it takes some off; null where it changes none. */
export function growthOf({ op, operands, results, regions }: Operation): number | null {
  const isChange = op.aliases[0] === 0 && regions.length === 0 && operands[0].type.kind === "list";
  return isChange ? operands.length - results.length : null;
}

/** Whether an operation makes a list longer. */
export function isPush(operation: Operation): boolean {
  return (growthOf(operation) ?? 0) > 0;
}
