// Converts between users' data and arrays: numbers, typed arrays, nested arrays and tensors become arrays, and results
// become numbers, booleans or tensors.

import { arrayOf, type Data, describe, dtypeOfArray, isNumeric, Tensor } from "../frontend/index.ts";
import {
  counted,
  type Dim,
  type DType,
  elementDType,
  fail,
  type NdArray,
  printType,
  rankedOf,
  scalar,
  sizeOf,
  type Type,
  type TypedArray,
  tensorType,
} from "../ir/index.ts";

/** Converts one leaf of a call's arguments to an array of the declared dtype. */
export function toArray(leaf: unknown, type: Type, label: string): NdArray {
  const dtype = elementDType(type) ?? "f64";
  if (leaf instanceof Tensor) return requireDType(leaf.array(label), dtype, label);
  if (ArrayBuffer.isView(leaf)) return fromTyped(leaf as TypedArray, type, dtype, label);
  const isKind = typeof leaf === "boolean" ? dtype === "bool" : typeof leaf === "number" && dtype !== "bool";
  if (!isKind && !Array.isArray(leaf)) {
    const hint = typeof leaf === "number" || typeof leaf === "boolean" ? undefined : hintFor(type);
    fail("argument", `${label} is ${describe(leaf)}, expected ${printType(type)}`, { hint });
  }
  return arrayOf(leaf as Data, label, dtype);
}

function hintFor(type: Type): string {
  return rankedOf(type).shape.length === 0
    ? "pass a number or a tensor"
    : "pass nested arrays, a typed array or a tensor";
}

function requireDType(array: NdArray, dtype: DType, label: string): NdArray {
  if (array.dtype === dtype) return array;
  return fail("argument", `${label} has dtype ${array.dtype}, expected ${dtype}`, { hint: "cast it" });
}

/** A typed array is flat: the declared type gives its shape, its length the one extent that may be open there. */
function fromTyped(data: TypedArray, type: Type, dtype: DType, label: string): NdArray {
  const own = dtypeOfArray(data, label);
  const array: NdArray = { dtype: own === "u8" && dtype === "bool" ? "bool" : own, shape: [data.length], data };
  return { ...requireDType(array, dtype, label), shape: shapeFor(rankedOf(type).shape, data.length, type, label) };
}

function shapeFor(dims: readonly Dim[], length: number, type: Type, label: string): readonly number[] {
  const open = dims.flatMap((d, i) => (typeof d === "number" ? [] : [i]));
  if (open.length > 1) {
    fail("argument", `${label} is a flat array, but ${printType(type)} leaves ${counted(open.length, "extent")} open`, {
      hint: "pass a tensor with its shape, or nested arrays",
    });
  }
  const known = sizeOf(dims.filter((d) => typeof d === "number"));
  if (open.length > 0 && known === 0 && length === 0) {
    fail(
      "argument",
      `${label} is a flat array of 0 elements, from which ${dims[open[0]]} of ${printType(type)} does not follow`,
      {
        hint: "pass a tensor with its shape, or nested arrays",
      },
    );
  }
  if (open.length === 0 || known === 0 ? known !== length : length % known !== 0) {
    const expected = open.length === 0 || known === 0 ? known : `a multiple of ${known}`;
    fail("argument", `${label} has ${counted(length, "element")}, expected ${expected} for ${printType(type)}`);
  }
  return dims.map((d) => (typeof d === "number" ? d : length / known));
}

/** Converts a result for the user: one of rank 0 to a number or boolean where `isPlain`, else to a tensor. */
export function fromArray(array: NdArray, isPlain: boolean): number | boolean | Tensor {
  if (!isPlain || array.shape.length > 0) return new Tensor(array);
  return array.dtype === "bool" ? array.data[0] !== 0 : array.data[0];
}

/** What JavaScript counts with: where a call passes nothing else, results of rank 0 are the same. */
export function isNumber(leaf: unknown): leaf is number | boolean {
  return typeof leaf === "number" || typeof leaf === "boolean";
}

/** The type of an argument as it is passed, for functions compiled at their first call. */
export function typeOf(leaf: unknown, label: string): Type {
  if (leaf instanceof Tensor) return leaf.type;
  if (typeof leaf === "number") return scalar("f64");
  if (typeof leaf === "boolean") return scalar("bool");
  if (ArrayBuffer.isView(leaf)) return tensorType(dtypeOfArray(leaf, label), [(leaf as TypedArray).length]);
  const { dtype, shape } = arrayOf(leaf as Data, label);
  return tensorType(dtype, shape);
}

/** Leaves of a call's arguments: numbers, booleans and tensors. Arrays of numbers are one tensor. */
export function isLeaf(x: unknown): x is unknown {
  if (isNumber(x)) return true;
  if (Array.isArray(x)) return isNumeric(x);
  return x instanceof Tensor || ArrayBuffer.isView(x);
}
