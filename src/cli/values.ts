// Arguments and results of the command as JSON, with the numbers that JSON lacks.

import type { LeafKind, Structure } from "../compile/index.ts";
import { counted, type DType, dtypes, fail, type NdArray, type Type, tensorTypeOf } from "../ir/index.ts";

/** An argument written as JSON; numbers also as nan, inf, -inf. */
export function readValue(text: string, type: Type, label: string): NdArray {
  if (type.kind !== "tensor") return fail("argument", `${label} has no JSON form`);
  const json = readJson(text, label);
  const elements: number[] = [];
  const shape: number[] = [];
  const open = (x: unknown, axis: number): void => {
    if (!Array.isArray(x)) {
      if (axis !== shape.length) fail("argument", `${label} is ragged`);
      elements.push(numberOf(x, type.dtype, label));
      return;
    }
    if (axis > 64) fail("argument", `${label} is nested too deep`);
    if (shape.length === axis && elements.length === 0) shape.push(x.length);
    if (shape[axis] !== x.length) fail("argument", `${label} is ragged`);
    for (const item of x) open(item, axis + 1);
  };
  open(json, 0);
  const rank = tensorTypeOf(type).shape.length;
  if (shape.length !== rank) fail("argument", `${label} has ${counted(shape.length, "axis")}, expected ${rank}`);
  return { dtype: type.dtype, shape, data: new dtypes[type.dtype].array(elements) };
}

function readJson(text: string, label: string): unknown {
  try {
    return /^(nan|-?inf)$/.test(text) ? text : JSON.parse(text);
  } catch {
    return fail("argument", `${label} is '${text}', expected JSON`, { hint: "write 1.5, true or [[1, 2], [3, 4]]" });
  }
}

const words: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 };

function numberOf(x: unknown, dtype: DType, label: string, expected: string = dtype): number {
  if (typeof x === "boolean" && dtype === "bool") return Number(x);
  if (typeof x === "number" && dtype !== "bool") return x;
  if (typeof x === "string" && Object.hasOwn(words, x)) return words[x];
  return fail("argument", `${label} holds ${JSON.stringify(x)}, expected ${expected}`);
}

/** An argument of TypeScript written as JSON; its leaves are put into `leaves`. */
export function readStructure(text: string, structure: Structure, label: string, leaves: unknown[]): unknown {
  const leaf = (x: unknown): unknown => {
    leaves.push(x);
    return x;
  };
  const read = (x: unknown, s: Structure, at: string): unknown => {
    if (s.kind === "leaf") return leaf(leafOf(x, s.leaf, at));
    // what is no such structure is refused by the function itself
    if (s.kind === "tuple" && Array.isArray(x))
      return x.map((item, i) => (i < s.items.length ? read(item, s.items[i], `${at}[${i}]`) : item));
    if (s.kind === "object" && typeof x === "object" && x !== null) {
      const fields = x as Readonly<Record<string, unknown>>;
      return Object.fromEntries(s.keys.map((key, i) => [key, read(fields[key], s.items[i], `${at}.${key}`)]));
    }
    return x;
  };
  return read(readJson(text, label), structure, label);
}

function leafOf(x: unknown, kind: LeafKind, label: string): unknown {
  if (kind === "number" || kind === "boolean")
    return typeof x === "string" ? numberOf(x, "f64", label, `a ${kind}`) : x;
  if (!Array.isArray(x)) return x;
  const numbers = x.map((e) => numberOf(e, "f64", label, "numbers"));
  switch (kind) {
    case "Float64Array":
      return Float64Array.from(numbers);
    case "Float32Array":
      return Float32Array.from(numbers);
    case "Int32Array":
      return Int32Array.from(numbers);
    default:
      return numbers;
  }
}

/** A result as nested arrays. */
export function nestedOf(array: NdArray): unknown {
  let next = 0;
  const part = (axis: number): unknown => {
    if (axis < array.shape.length) return Array.from({ length: array.shape[axis] }, () => part(axis + 1));
    const x = array.data[next++];
    return array.dtype === "bool" ? x !== 0 : x;
  };
  return part(0);
}
