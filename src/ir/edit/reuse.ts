// Operations that reuse the memory of operands, and modules in which none does.

import type { Attributes, Block, Module, Operation } from "../module/module.ts";
import { reusesOf } from "../module/reuse.ts";
import { mapBodies, withOperations, withParts, withRegions } from "./edit.ts";

/** The operation with results in the memory of operands; the same one where nothing changes. */
export function withReuses(operation: Operation, reuses: readonly number[]): Operation {
  const before = reusesOf(operation);
  if (before.length === reuses.length && before.every((k, i) => k === reuses[i])) return operation;
  const own = ownAttributes(operation);
  return withParts(operation, { attributes: reuses.length === 0 ? own : { ...own, reuses } });
}

/** The attributes of the op's own, without what is said of memory. */
export function ownAttributes(operation: Operation): Attributes {
  if (reusesOf(operation).length === 0) return operation.attributes;
  const { reuses: _, ...own } = operation.attributes;
  return own;
}

/** The module in which every result has memory of its own. */
export function withoutReuses(module: Module): Module {
  return mapBodies(module, plainBlock);
}

function plainBlock(block: Block): Block {
  return withOperations(
    block,
    block.operations.map((operation) => withReuses(withRegions(operation, operation.regions.map(plainBlock)), [])),
  );
}
