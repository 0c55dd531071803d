// What the arguments of a bound call are read into, and how each kind of them is read: all that fits in one look, or not.

import {
  asSymbol,
  type Dim,
  type DType,
  dtypes,
  isFloat,
  isRepresentable,
  rankedOf,
  type Type,
  type TypedArray,
} from "../../ir/index.ts";
import type { Holders, ValueKind, ValueTree } from "../backend.ts";
import { type Given, settles } from "./residents.ts";

/** One call: the sizes of the symbols, -1 where not known yet, and the arguments. */
export interface Reading {
  readonly sizes: number[];
  readonly given: Given[];
}

/** Reads a leaf; false where it does not fit. */
export type LeafReader = (x: unknown, into: Reading) => boolean;

/** The reader of what is passed as `kind` for an argument of this type; null where there is none. */
export function leafReader(
  kind: ValueKind,
  type: Type,
  symbols: readonly string[],
  arrayOf: Holders["arrayOf"],
): LeafReader | null {
  const { dtype, shape } = rankedOf(type);
  const dims = dimsOf(shape, symbols);
  if (dims === null) return null;
  const { array } = dtypes[dtype];
  if (kind === "scalar") return shape.length === 0 ? scalarReader(dtype) : null;
  if (kind === "held") {
    const isKnown = dims.every((d) => d >= 0);
    const maySettle = !isKnown || settles({ dtype, shape: dims });
    return (x, into) => {
      const held = arrayOf(x);
      if (held === null || held.dtype !== dtype || !fits(held.shape, dims, into.sizes)) return false;
      if (dims.length === 0) into.given.push(held.data[0]);
      else into.given.push(maySettle && (isKnown || settles(held)) ? held : held.data);
      return true;
    };
  }
  if (kind === "numbers") {
    if (shape.length !== 1 || !isFloat(dtype)) return null;
    return (x, into) => {
      if (!Array.isArray(x) || !x.every((element) => typeof element === "number")) return false;
      into.given.push(new array(x));
      return fits([x.length], dims, into.sizes);
    };
  }
  const open = dims.findIndex((d) => d < 0);
  if (open !== dims.findLastIndex((d) => d < 0)) return null;
  const known = shape.reduce<number>((size, d) => (typeof d === "number" ? size * d : size), 1);
  if (known === 0) return null;
  return (x, into) => {
    if (!(x instanceof array)) return false;
    into.given.push(dims.length === 0 ? x[0] : (x as TypedArray));
    if (open < 0) return x.length === known;
    return x.length % known === 0 && isSize(dims[open], x.length / known, into.sizes);
  };
}

/** Extents as they are, or -1 - i for the symbol i; null where one of them is a sum or a product. */
function dimsOf(shape: readonly Dim[], symbols: readonly string[]): readonly number[] | null {
  const dims = shape.map((d) => (typeof d === "number" ? d : -1 - symbols.indexOf(asSymbol(d) ?? "")));
  return shape.every((d) => typeof d === "number" || symbols.includes(asSymbol(d) ?? "")) ? dims : null;
}

function fits(shape: readonly number[], dims: readonly number[], sizes: number[]): boolean {
  if (shape.length !== dims.length) return false;
  for (let axis = 0; axis < dims.length; axis++) if (!isSize(dims[axis], shape[axis], sizes)) return false;
  return true;
}

function isSize(dim: number, size: number, sizes: number[]): boolean {
  if (dim >= 0) return size === dim;
  const symbol = -1 - dim;
  if (sizes[symbol] < 0) sizes[symbol] = size;
  return sizes[symbol] === size;
}

function scalarReader(dtype: DType): LeafReader {
  if (dtype === "bool")
    return (x, into) => {
      into.given.push(x === true ? 1 : 0);
      return typeof x === "boolean";
    };
  const isFit = isFloat(dtype) ? () => true : (x: number) => isRepresentable(x, dtype) && !Object.is(x, -0);
  return (x, into) => {
    if (typeof x !== "number" || !isFit(x)) return false;
    into.given.push(x);
    return true;
  };
}

/** Takes a structure apart into its leaves; false where a value has another. Objects may have to have their keys in order. */
export function openTree(x: unknown, tree: ValueTree, isOrdered: boolean, leaves: unknown[]): boolean {
  if (tree.kind === "leaf") {
    leaves.push(x);
    return true;
  }
  if (tree.kind === "static") return x === tree.value;
  if (tree.kind === "array") {
    if (!Array.isArray(x) || x.length !== tree.items.length) return false;
    return tree.items.every((item, i) => openTree(x[i], item, isOrdered, leaves));
  }
  if (typeof x !== "object" || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const keys = Object.keys(x);
  const { length } = tree.keys;
  if (keys.length !== length || !tree.keys.every((key, i) => (isOrdered ? keys[i] === key : Object.hasOwn(x, key))))
    return false;
  const parts = x as Readonly<Record<string, unknown>>;
  return tree.items.every((item, i) => openTree(parts[tree.keys[i]], item, isOrdered, leaves));
}

/** A structure around leaves, from left to right. */
export function closeTree(tree: ValueTree, leaf: () => unknown): unknown {
  if (tree.kind === "leaf") return leaf();
  if (tree.kind === "static") return tree.value;
  const items = tree.items.map((item) => closeTree(item, leaf));
  if (tree.kind === "array") return items;
  return Object.fromEntries(tree.keys.map((key, i) => [key, items[i]]));
}
