// Dense constants as text: nested lists where small, else base64 of the little-endian bytes.

import { allocate, Dense, sizeOf } from "../data/ndarray.ts";
import { counted } from "../diagnostics/counted.ts";
import { fail } from "../diagnostics/errors.ts";
import { quote } from "../module/names.ts";
import { type DType, dtypes } from "../types/dtype.ts";
import { numberOf, printNumber } from "../types/number-text.ts";

const listedElements = 64;
const listedRank = 16;

/** A number, `true` or `false` as written, or a list of such. */
export type Nested = string | readonly Nested[];

/** `dense<[[1, 2], [3, 4]]>`, or `dense<"base64">`. */
export function printDense(dense: Dense): string {
  const listed = dense.size <= listedElements && sizeOf(dense.shape) > 0 && dense.shape.length <= listedRank;
  if (!listed && dense.size > 0) return `dense<${quote(encodeBytes(dense))}>`;
  return `dense<${dense.size === 0 ? "[]" : printAxis(dense, 0, 0)}>`;
}

function printAxis(dense: Dense, axis: number, offset: number): string {
  if (axis === dense.shape.length) return printNumber(dense.at(offset), dense.dtype);
  const stride = sizeOf(dense.shape.slice(axis + 1));
  const parts: string[] = [];
  for (let i = 0; i < dense.shape[axis]; i++) parts.push(printAxis(dense, axis + 1, offset + i * stride));
  return `[${parts.join(", ")}]`;
}

/** The constant of this type whose elements are listed; an empty one may be written `[]` whatever its rank. */
export function denseFromLists(lists: Nested, dtype: DType, shape: readonly number[]): Dense {
  const elements: number[] = [];
  const collect = (list: Nested, axis: number): void => {
    if (typeof list === "string") {
      if (axis !== shape.length) fail("shape", `dense: ${list} stands where a list of ${shape[axis]} is expected`);
      elements.push(elementOf(list, dtype));
      return;
    }
    if (axis === shape.length) fail("shape", "dense: a list stands where a number is expected");
    if (list.length !== shape[axis])
      fail("shape", `dense: a list along axis ${axis} has ${counted(list.length, "element")}, expected ${shape[axis]}`);
    for (const part of list) collect(part, axis + 1);
  };
  const empty = shape.includes(0) && Array.isArray(lists) && lists.length === 0;
  if (!empty) collect(lists, 0);
  // only now: the type may claim any size
  const array = { dtype, shape, data: new dtypes[dtype].array(elements) };
  return new Dense(array);
}

function elementOf(text: string, dtype: DType): number {
  if (text !== "true" && text !== "false") return numberOf(text, dtype);
  if (dtype !== "bool") fail("literal", `${text} is not a value of ${dtype}`);
  return text === "true" ? 1 : 0;
}

function encodeBytes(dense: Dense): string {
  const { data } = dense.toArray();
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return btoa(parts.join(""));
}

/** The constant of this type from the base64 text of its elements. */
export function denseFromBase64(text: string, dtype: DType, shape: readonly number[]): Dense {
  const expected = sizeOf(shape) * dtypes[dtype].bytes;
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return fail("literal", "dense: the text is not base64");
  }
  if (binary.length !== expected)
    fail("shape", `dense: the text holds ${counted(binary.length, "byte")}, expected ${expected}`);
  const array = allocate(dtype, shape);
  const bytes = new Uint8Array(array.data.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  if (dtype === "bool" && bytes.some((b) => b > 1)) fail("literal", "dense: a bool byte is neither 0 nor 1");
  return new Dense(array);
}
