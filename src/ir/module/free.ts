// Operations that add nothing to a function.

import { isPure } from "../op/effects.ts";
import { isScalar } from "../types/type.ts";
import type { Operation } from "./module.ts";

/**
 * Whether an operation adds nothing to a function: its only result is a literal wherever it is read, or memory under another
 * shape, which has that memory's name.
 */
export function isFree({ op, operands, regions, results }: Operation): boolean {
  if (results.length !== 1 || regions.length > 0) return false;
  if (op.traits.constant) return isScalar(results[0].type);
  return op.aliases[0] === 0 && operands.length === 1 && results[0].type.kind === "memref" && isPure(op.effects);
}
