// The text that gives the results of a call: arrays that are written to, and the value that is returned.

import { type LeafKind, leavesOf, type Structure } from "../../backend.ts";
import type { ArrayCalls } from "./arrays.ts";
import type { Callee, Passed } from "./callee.ts";
import type { Needs } from "./helpers.ts";

/** Whether generated code returns the result as it is: one number, or several in a flat tuple. */
export function isReturned(result: Structure): boolean {
  if (result.kind === "leaf") return true;
  return result.kind === "tuple" && result.items.length > 1 && result.items.every((item) => item.kind === "leaf");
}

/** The statements behind the call; `results` are the texts of the module's results. What was written in place is there. */
export function giveResults(
  { signature, convention }: Callee,
  passed: readonly Passed[],
  results: readonly string[],
  needs: Needs,
  arrays: ArrayCalls | null,
): readonly string[] {
  const { result, written } = convention;
  const own = leavesOf(result).length;
  const lines = written.flatMap((i, n) => {
    const from = results[own + n];
    return arrays === null || from === passed[i].given ? [] : [arrays.writeBack(passed[i], from, needs)];
  });
  let next = 0;
  const value = arrange(result, (leaf) => {
    const i = next++;
    return arrays?.result(leaf, results[i], signature.results[i], needs) ?? results[i];
  });
  return result.kind === "nothing" ? lines : [...lines, `return ${value};`];
}

/** Literals of arrays and objects around the texts of the leaves, from left to right. */
function arrange(structure: Structure, leaf: (kind: LeafKind) => string): string {
  if (structure.kind === "leaf") return leaf(structure.leaf);
  if (structure.kind === "nothing") return "undefined";
  const items = structure.items.map((item) => arrange(item, leaf));
  if (structure.kind === "tuple") return `[${items.join(", ")}]`;
  // computed keys, since a plain __proto__ sets the prototype
  return `{ ${items.map((item, i) => `[${JSON.stringify(structure.keys[i])}]: ${item}`).join(", ")} }`;
}
