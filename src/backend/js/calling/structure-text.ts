// Structures as types of TypeScript, for declarations and messages.

import type { LeafKind, Structure } from "../../backend.ts";

export function spellStructure(structure: Structure, leaf: (kind: LeafKind) => string): string {
  if (structure.kind === "leaf") return leaf(structure.leaf);
  if (structure.kind === "nothing") return "undefined";
  const items = structure.items.map((item) => spellStructure(item, leaf));
  if (structure.kind === "tuple") return `[${items.join(", ")}]`;
  const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
  return `{ ${items.map((item, i) => `${key(structure.keys[i])}: ${item}`).join("; ")} }`;
}
