// What one nest of loops computes: the operations of a fused one, or one alone.

import type { Operation } from "../../../src/ir/index.ts";
import { type FusionGroup, Sites } from "../../../src/ops/index.ts";

/** Whether an operation holds what one nest computes. */
export function isGroup({ op }: Operation): boolean {
  return op.level === "fused";
}

/** The region of a fused operation; any other is a group of one. */
export function fusionGroupOf(operation: Operation): FusionGroup {
  return isGroup(operation) ? operation.regions[0] : { operations: [operation], results: operation.results };
}

/** The update that an operation is, or that is fused into it; null where there is none. */
export function updateOf(operation: Operation): Operation | null {
  if (!isGroup(operation)) return isUpdate(operation) ? operation : null;
  return operation.regions[0].operations.find(isUpdate) ?? null;
}

function isUpdate({ op }: Operation): boolean {
  return op.lowering?.kind === "update";
}

export function sitesOf(operation: Operation): Sites {
  return new Sites(fusionGroupOf(operation));
}
