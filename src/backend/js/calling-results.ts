// The text that gives the results of a call: arrays that are written to, and the value that is returned.

import { rankedOf, type Type } from "../../ir/index.ts";
import { type LeafKind, leavesOf, type Structure } from "../backend.ts";
import { type Callee, type Passed, spellExtent } from "./callee.ts";
import type { Needs } from "./calling-helpers.ts";

/** Whether generated code returns the result as it is: one number, or several in a flat tuple. */
export function isReturned(result: Structure): boolean {
  if (result.kind === "leaf") return true;
  return result.kind === "tuple" && result.items.length > 1 && result.items.every((item) => item.kind === "leaf");
}

/** The statements behind the call; `results` are the texts of the module's results. */
export function giveResults(
  { signature, convention }: Callee,
  passed: readonly Passed[],
  results: readonly string[],
  needs: Needs,
): readonly string[] {
  const { result, written } = convention;
  const own = leavesOf(result).length;
  const lines = written.map((i, n) => writeBack(passed[i], results[own + n], needs));
  let next = 0;
  const value = arrange(result, (leaf) => {
    const i = next++;
    return leafResult(leaf, results[i], signature.results[i], needs);
  });
  return result.kind === "nothing" ? lines : [...lines, `return ${value};`];
}

function writeBack({ text, leaf }: Passed, from: string, needs: Needs): string {
  if (leaf !== "number[]") return `${text}.set(${from});`;
  needs.add("put");
  return `$put(${from}, ${text});`;
}

/** A result as a value of JavaScript. */
function leafResult(leaf: LeafKind, text: string, type: Type, needs: Needs): string {
  if (leaf === "tensor") return `{ data: ${text}, shape: [${rankedOf(type).shape.map(spellExtent).join(", ")}] }`;
  const [, row] = /^(.*\[\]|.*Array)\[\]$/.exec(leaf) ?? [];
  if (row !== undefined) {
    needs.add("put").add("rows");
    return `$rows(${text}, ${rankedOf(type).shape.map(spellExtent).join(", ")}, ${row === "number[]" ? "Array" : row})`;
  }
  if (leaf !== "number[]") return text;
  needs.add("put").add("list");
  return `$list(${text})`;
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
