// The text that gives the results of a call of one form: held arrays, numbers, or the caller's memory.

import { elementDType, isScalar, rankedOf, type Signature } from "../../../ir/index.ts";
import type { CallForm, ValueTree } from "../../backend.ts";
import { spellExtent } from "../calling/callee.ts";
import type { Tables } from "./tables.ts";

/** The statements behind the call; `outputs` are the texts of the memory of the results, and `$r` is what was returned. */
export function spellResults(
  signature: Signature,
  { results: tree, isPlain, isInto }: CallForm,
  outputs: readonly (string | null)[],
  tables: Tables,
): readonly string[] {
  const scalars = returned(signature);
  if (isInto) {
    const writes = scalars.flatMap((text, i) => (text === null ? [] : [`${outputs[i]}[0] = ${text};`]));
    return [...writes, "return $results;"];
  }
  const texts = signature.results.map((type, i) => {
    const { dtype, shape } = rankedOf(type);
    const text = scalars[i];
    if (text !== null) return isPlain ? text : `$rank0(${JSON.stringify(dtype)}, ${text})`;
    const isKnown = shape.every((d) => typeof d === "number");
    const extents = isKnown ? tables.list(shape) : `[${shape.map(spellExtent).join(", ")}]`;
    return `$hold({ dtype: ${JSON.stringify(elementDType(type))}, shape: ${extents}, data: ${outputs[i]} })`;
  });
  let next = 0;
  return [`return ${arranged(tree, () => texts[next++], tables)};`];
}

/** The texts of the results of rank 0, which a call returns: one as it is, several in an array. */
function returned({ results }: Signature): readonly (string | null)[] {
  const count = results.filter(isScalar).length;
  let next = 0;
  return results.map((type) => (isScalar(type) ? (count === 1 ? "$r" : `$r[${next++}]`) : null));
}

/** Literals of arrays and objects around the texts of the leaves. */
function arranged(tree: ValueTree, leaf: () => string, tables: Tables): string {
  if (tree.kind === "leaf") return leaf();
  if (tree.kind === "static") return tables.static(tree.value);
  const items = tree.items.map((item) => arranged(item, leaf, tables));
  if (tree.kind === "array") return `[${items.join(", ")}]`;
  // a plain __proto__ would set the prototype
  const key = (name: string): string => (name === "__proto__" ? `["__proto__"]` : JSON.stringify(name));
  return `({ ${items.map((item, i) => `${key(tree.keys[i])}: ${item}`).join(", ")} })`;
}
