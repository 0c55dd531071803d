// What one nest of loops computes: the operations of a fused one, or one alone.

import { type FusionGroup, type Operation, Sites, type Value } from "../../../src/ir/index.ts";
import { isInStep, readsOf } from "./reads.ts";

/** Whether an operation holds what one nest computes. */
export function isGroup({ op }: Operation): boolean {
  return op.level === "fused" && op.regions.length > 0;
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

/** Whether an update in place, and what is fused with it, reads a tensor only before it overwrites it. */
export function readsInStep(by: Operation, value: Value): boolean {
  const update = updateOf(by);
  if (update === null || update === by) return true;
  const sites = sitesOf(by);
  return fusionGroupOf(by).operations.every((operation) =>
    operation.operands.every((v, i) => {
      if (v !== value || (operation === update && i === 0)) return true;
      return update.operands.some(
        (_, k) =>
          sites.inner(update, k)?.members.includes(operation) === true &&
          isInStep(readsOf(update), k, readsOf(operation)[i]),
      );
    }),
  );
}
