// Structures of tensors: nested arrays and plain objects, flattened to their leaves and put together again.

import { fail } from "../../ir/index.ts";
import { describe, placeOf, readable } from "./describe.ts";
import { describeStranger, Tensor } from "./tensor.ts";

/** The shape of a structure; leaves are numbered in order, static parts are part of the shape. */
export type Tree =
  | { readonly kind: "leaf" }
  | { readonly kind: "static"; readonly value: unknown }
  | { readonly kind: "array"; readonly items: readonly Tree[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Tree[] };

const leafTree: Tree = Object.freeze({ kind: "leaf" });
const maxDepth = 100;
/** Structures that share parts can be written short and unfold to more than a machine holds. */
const maxParts = 1_000_000;

/** What reaches a traced function as it is: strings, functions, null and undefined. */
export function isStatic(x: unknown): boolean {
  return x === null || x === undefined || typeof x === "string" || typeof x === "function";
}

const nothing = (): boolean => false;

interface Flat<T> {
  readonly leaves: readonly T[];
  readonly tree: Tree;
}

/**
 * A structure's leaves in order, and how to put them together. `isLeaf` says what is not opened, `passes` what becomes
 * part of the tree; `what` names the structure in messages, `expected` says what else it could have held.
 */
export function flatten<T>(
  structure: unknown,
  isLeaf: (x: unknown) => x is T,
  what: string,
  passes: (x: unknown) => boolean = nothing,
  expected = "tensors, numbers, or arrays and plain objects of them",
): Flat<T> {
  const reader = new Reader(isLeaf, passes, expected);
  return readable(what, reader.path, () => ({ tree: reader.open(structure), leaves: reader.leaves }));
}

/** As flatten, of a list of arguments: the list itself is never a leaf. */
export function flattenList<T>(
  list: readonly unknown[],
  isLeaf: (x: unknown) => x is T,
  what: string,
  passes?: (x: unknown) => boolean,
): Flat<T> {
  const parts = list.map((item, i) => flatten(item, isLeaf, `${what} ${i}`, passes));
  return { leaves: parts.flatMap((p) => p.leaves), tree: { kind: "array", items: parts.map((p) => p.tree) } };
}

/** Opens a structure part by part; where it throws, `path` is where it stood. */
class Reader<T> {
  readonly leaves: T[] = [];
  readonly path: (string | number)[] = [];
  readonly #isLeaf: (x: unknown) => x is T;
  readonly #passes: (x: unknown) => boolean;
  readonly #expected: string;
  /** The structures that are open: one met again holds itself. */
  readonly #open = new Set<unknown>();
  #parts = 0;

  constructor(isLeaf: (x: unknown) => x is T, passes: (x: unknown) => boolean, expected: string) {
    this.#isLeaf = isLeaf;
    this.#passes = passes;
    this.#expected = expected;
  }

  open(x: unknown): Tree {
    if (++this.#parts > maxParts) fail("argument", `got more than ${maxParts} parts`);
    if (this.#isLeaf(x)) {
      this.leaves.push(x);
      return leafTree;
    }
    if (this.#passes(x)) return { kind: "static", value: x };
    if (this.#open.has(x)) fail("argument", "got a structure that holds itself, expected one that ends");
    if (this.#open.size >= maxDepth) fail("argument", `got a structure nested deeper than ${maxDepth}`);
    this.#open.add(x);
    const tree = this.#openParts(x);
    this.#open.delete(x);
    return tree;
  }

  #openParts(x: unknown): Tree {
    if (Array.isArray(x)) {
      const items: Tree[] = [];
      for (let i = 0; i < x.length; i++) items.push(this.#part(x, i));
      return { kind: "array", items };
    }
    if (isPlainObject(x)) {
      const keys = Object.keys(x);
      return { kind: "object", keys, items: keys.map((key) => this.#part(x, key)) };
    }
    return fail("argument", `got ${describeStranger(x)}, expected ${this.#expected}`);
  }

  #part(x: object, key: string | number): Tree {
    this.path.push(key);
    if (!Object.hasOwn(x, key)) fail("argument", "got a hole in an array", { hint: "write every element" });
    const tree = this.open((x as Record<string | number, unknown>)[key]);
    this.path.pop();
    return tree;
  }
}

/**
 * The leaves of a structure that has to be like `tree`, in the tree's order; keys may stand in any order. The error says where
 * the structure differs first, and what has to stand there.
 */
export function flattenAs<T>(
  structure: unknown,
  tree: Tree,
  isLeaf: (x: unknown) => x is T,
  what: string,
): readonly T[] {
  const leaves: T[] = [];
  const path: (string | number)[] = [];
  const part = (x: unknown, t: Tree, key: string | number): void => {
    path.push(key);
    open(x, t);
    path.pop();
  };
  const open = (x: unknown, t: Tree): void => {
    if (!isLike(x, t, isLeaf)) fail("argument", `got ${inWords(x)}, expected ${treeInWords(t)}`);
    if (t.kind === "leaf") leaves.push(x as T);
    else if (t.kind === "array") for (const [i, item] of t.items.entries()) part((x as unknown[])[i], item, i);
    else if (t.kind === "object")
      for (const [i, key] of t.keys.entries()) part((x as Record<string, unknown>)[key], t.items[i], key);
  };
  return readable(what, path, () => {
    open(structure, tree);
    return leaves;
  });
}

/** Whether a value is what the tree has at its root: what lies inside is looked at when it is opened. */
function isLike(x: unknown, t: Tree, isLeaf: (x: unknown) => boolean): boolean {
  if (t.kind === "leaf") return isLeaf(x);
  if (t.kind === "static") return Object.is(x, t.value);
  if (t.kind === "array") return Array.isArray(x) && x.length === t.items.length;
  return isPlainObject(x) && Object.keys(x).length === t.keys.length && t.keys.every((key) => Object.hasOwn(x, key));
}

/** The structure of a tree with these leaves. */
export function unflatten(tree: Tree, leaves: readonly unknown[]): unknown {
  let next = 0;
  const close = (t: Tree): unknown => {
    if (t.kind === "leaf") return leaves[next++];
    if (t.kind === "static") return t.value;
    const items = t.items.map(close);
    if (t.kind === "array") return items;
    return Object.fromEntries(t.keys.map((key, i) => [key, items[i]]));
  };
  return close(tree);
}

/** The number of leaves. */
export function leafCount(tree: Tree): number {
  if (tree.kind === "leaf") return 1;
  return tree.kind === "static" ? 0 : tree.items.reduce((sum, item) => sum + leafCount(item), 0);
}

/** Where each leaf of a list of arguments stands: `0`, `1 at w[2]`. */
export function pathsOf(tree: Tree): readonly string[] {
  const paths: string[] = [];
  const open = (t: Tree, path: readonly (string | number)[]): void => {
    if (t.kind === "leaf") paths.push(path.length > 1 ? `${path[0]} at ${placeOf(path.slice(1))}` : String(path[0]));
    else if (t.kind === "array") for (const [i, item] of t.items.entries()) open(item, [...path, i]);
    else if (t.kind === "object") for (const [i, key] of t.keys.entries()) open(t.items[i], [...path, key]);
  };
  open(tree, []);
  return paths;
}

/** A text that is equal for equal structures. */
export function treeKey(tree: Tree): string {
  if (tree.kind === "leaf") return "*";
  if (tree.kind === "static") return staticKey(tree.value);
  if (tree.kind === "array") return `[${tree.items.map(treeKey).join()}]`;
  return `{${tree.keys.map((k, i) => `${JSON.stringify(k)}:${treeKey(tree.items[i])}`).join()}}`;
}

const functionNumbers = new WeakMap<object, number>();
let functionsSeen = 0;

/** Functions are told apart by identity, which nothing else of theirs gives as text. */
function staticKey(value: unknown): string {
  if (typeof value !== "function") return JSON.stringify(value) ?? "undefined";
  let number = functionNumbers.get(value);
  if (number === undefined) functionNumbers.set(value, (number = ++functionsSeen));
  return `function#${number}`;
}

/** What a tree has at its root, in the words of messages: `an array of 2`, `an object with w and b`, `one tensor or number`. */
export function treeInWords(tree: Tree): string {
  if (tree.kind === "leaf") return "one tensor or number";
  if (tree.kind === "static")
    return typeof tree.value === "function" ? "the function given before" : describe(tree.value);
  if (tree.kind === "array") return arrayInWords(tree.items.length);
  return objectInWords(tree.keys);
}

function inWords(x: unknown): string {
  if (Array.isArray(x)) return arrayInWords(x.length);
  if (isPlainObject(x)) return objectInWords(Object.keys(x));
  if (x instanceof Tensor) return "one tensor";
  return typeof x === "number" ? `the number ${describe(x)}` : describeStranger(x);
}

const arrayInWords = (length: number): string => (length === 0 ? "an empty array" : `an array of ${length}`);

function objectInWords(keys: readonly string[]): string {
  if (keys.length === 0) return "an empty object";
  const shown = keys.slice(0, 8).map((key) => (/^[\w$]{1,40}$/.test(key) ? key : JSON.stringify(key.slice(0, 40))));
  if (keys.length > 8) return `an object with ${shown.join(", ")}, …`;
  const last = shown.pop();
  return `an object with ${shown.length === 0 ? last : `${shown.join(", ")} and ${last}`}`;
}

function isPlainObject(x: unknown): x is Record<string, unknown> {
  if (typeof x !== "object" || x === null || x instanceof Tensor || ArrayBuffer.isView(x)) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}
