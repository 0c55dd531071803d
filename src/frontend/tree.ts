// Structures of tensors: nested arrays and plain objects, flattened to their leaves and put together again.

import { fail } from "../ir/index.ts";
import { Tensor } from "./tensor.ts";

/** The shape of a structure; leaves are numbered in order. */
export type Tree =
  | { readonly kind: "leaf" }
  | { readonly kind: "array"; readonly items: readonly Tree[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Tree[] };

const leafTree: Tree = Object.freeze({ kind: "leaf" });
const maxDepth = 100;

/** A structure's leaves in order, and how to put them together. `isLeaf` says what is not opened. */
export function flatten<T>(structure: unknown, isLeaf: (x: unknown) => x is T, what: string): Flat<T> {
  const leaves: T[] = [];
  const open = (x: unknown, depth: number): Tree => {
    if (isLeaf(x)) {
      leaves.push(x);
      return leafTree;
    }
    if (depth > maxDepth) fail("argument", `${what} is nested deeper than ${maxDepth}`);
    if (Array.isArray(x)) return { kind: "array", items: x.map((item) => open(item, depth + 1)) };
    if (isPlainObject(x)) {
      const keys = Object.keys(x);
      return { kind: "object", keys, items: keys.map((key) => open(x[key], depth + 1)) };
    }
    return fail("argument", `${what} holds ${describe(x)}, expected tensors, numbers, or arrays and objects of them`);
  };
  return { tree: open(structure, 0), leaves };
}

/** As flatten, of a list of arguments: the list itself is never a leaf. */
export function flattenList<T>(list: readonly unknown[], isLeaf: (x: unknown) => x is T, what: string): Flat<T> {
  const parts = list.map((item) => flatten(item, isLeaf, what));
  return { leaves: parts.flatMap((p) => p.leaves), tree: { kind: "array", items: parts.map((p) => p.tree) } };
}

interface Flat<T> {
  readonly leaves: readonly T[];
  readonly tree: Tree;
}

/** The leaves of a structure that has to be like `tree`, in the tree's order; keys may stand in any order. */
export function flattenAs<T>(structure: unknown, tree: Tree, isLeaf: (x: unknown) => x is T, what: string) {
  const leaves: T[] = [];
  const open = (x: unknown, t: Tree): boolean => {
    if (t.kind === "leaf") return isLeaf(x) && leaves.push(x) > 0;
    if (t.kind === "array") {
      return Array.isArray(x) && x.length === t.items.length && t.items.every((item, i) => open(x[i], item));
    }
    return (
      isPlainObject(x) &&
      Object.keys(x).length === t.keys.length &&
      t.keys.every((key, i) => Object.hasOwn(x, key) && open(x[key], t.items[i]))
    );
  };
  if (!open(structure, tree)) {
    const got = treeKey(flatten(structure, isLeaf, what).tree);
    fail("argument", `${what} has the structure ${got}, expected ${treeKey(tree)}`);
  }
  return leaves;
}

/** The structure of a tree with these leaves. */
export function unflatten(tree: Tree, leaves: readonly unknown[]): unknown {
  let next = 0;
  const close = (t: Tree): unknown => {
    if (t.kind === "leaf") return leaves[next++];
    const items = t.items.map(close);
    if (t.kind === "array") return items;
    return Object.fromEntries(t.keys.map((key, i) => [key, items[i]]));
  };
  return close(tree);
}

/** A text that is equal for equal structures. */
export function treeKey(tree: Tree): string {
  if (tree.kind === "leaf") return "*";
  if (tree.kind === "array") return `[${tree.items.map(treeKey).join()}]`;
  return `{${tree.keys.map((k, i) => `${JSON.stringify(k)}:${treeKey(tree.items[i])}`).join()}}`;
}

function isPlainObject(x: unknown): x is Record<string, unknown> {
  if (typeof x !== "object" || x === null || x instanceof Tensor || ArrayBuffer.isView(x)) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** What a value is, for messages. */
export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  return typeof x === "object" ? `a ${x.constructor?.name ?? "object"}` : `a ${typeof x}`;
}
