// Between what users pass and arrays: numbers, typed arrays, nested arrays and tensors in; numbers and tensors out.

import { arrayOf, type Data, Tensor } from "../frontend/index.ts";
import {
  type Dim,
  type DType,
  dimsOf,
  elementDType,
  fail,
  type NdArray,
  printType,
  sizeOf,
  type Type,
  type TypedArray,
} from "../ir/index.ts";

/** One leaf of a call's arguments as an array of the declared type. */
export function toArray(leaf: unknown, type: Type, label: string): NdArray {
  const dtype = elementDType(type) ?? "f64";
  if (leaf instanceof Tensor) return requireDType(leaf.array(label), dtype, label);
  if (ArrayBuffer.isView(leaf)) return fromTyped(leaf as TypedArray, type, dtype, label);
  if (typeof leaf === "boolean" ? dtype !== "bool" : typeof leaf === "number" && dtype === "bool") {
    fail("argument", `${label} is ${leaf}, expected ${printType(type)}`);
  }
  if (typeof leaf !== "number" && typeof leaf !== "boolean" && !Array.isArray(leaf)) {
    fail("argument", `${label} is ${leaf === null ? "null" : typeof leaf}, expected ${printType(type)}`);
  }
  return arrayOf(leaf as Data, dtype);
}

function requireDType(array: NdArray, dtype: DType, label: string): NdArray {
  if (array.dtype === dtype) return array;
  return fail("argument", `${label} has dtype ${array.dtype}, expected ${dtype}`, { hint: "cast it" });
}

/** A typed array is flat: the type says its shape, but for at most one extent, which its length gives. */
function fromTyped(data: TypedArray, type: Type, dtype: DType, label: string): NdArray {
  const found = requireDType({ dtype: dtypeOfTyped(data, dtype), shape: [data.length], data }, dtype, label);
  return { ...found, shape: shapeFor(dimsOf(type), data.length, type, label) };
}

const names: Readonly<Record<string, DType>> = {
  Float64Array: "f64",
  Float32Array: "f32",
  Int32Array: "i32",
  Uint32Array: "u32",
  Uint8Array: "u8",
};

function dtypeOfTyped(data: TypedArray, wanted: DType): DType {
  const dtype = names[data.constructor.name];
  if (dtype === undefined)
    return fail("argument", `a ${data.constructor.name} has no dtype here`, {
      hint: `use ${Object.keys(names).join(", ")}`,
    });
  return dtype === "u8" && wanted === "bool" ? "bool" : dtype;
}

function shapeFor(dims: readonly Dim[], length: number, type: Type, label: string): readonly number[] {
  const open = dims.flatMap((d, i) => (typeof d === "number" ? [] : [i]));
  if (open.length > 1) {
    fail("argument", `${label} is a flat array, but ${printType(type)} leaves ${open.length} extents open`, {
      hint: "pass a tensor with its shape, or nested arrays",
    });
  }
  const known = sizeOf(dims.filter((d) => typeof d === "number"));
  if (open.length === 0 ? known !== length : known === 0 || length % known !== 0) {
    fail(
      "argument",
      `${label} has ${length} elements, expected ${open.length === 0 ? known : `a multiple of ${known}`} for ${printType(type)}`,
    );
  }
  return dims.map((d) => (typeof d === "number" ? d : length / known));
}

/** A result as users get it: a number or boolean where all results have rank 0, else a tensor. */
export function fromArray(array: NdArray, plain: boolean): number | boolean | Tensor {
  if (!plain) return new Tensor(array);
  return array.dtype === "bool" ? array.data[0] !== 0 : array.data[0];
}

/** The type of an argument as it is passed, for functions compiled at their first call. */
export function annotationOf(leaf: unknown, label: string): string {
  if (leaf instanceof Tensor) return printType(leaf.type);
  if (typeof leaf === "number") return "f64";
  if (typeof leaf === "boolean") return "bool";
  if (ArrayBuffer.isView(leaf)) return `${dtypeOfTyped(leaf as TypedArray, "f64")}[${(leaf as TypedArray).length}]`;
  if (Array.isArray(leaf)) {
    const { dtype, shape } = arrayOf(leaf as Data);
    return `${dtype}[${shape.join(", ")}]`;
  }
  return fail("argument", `${label} is ${leaf === null ? "null" : typeof leaf}, expected numbers, arrays or tensors`);
}

/** Leaves of a call's arguments: what is not a structure of further ones. Arrays of numbers are one tensor. */
export function isLeaf(x: unknown): x is unknown {
  if (Array.isArray(x)) return isNumeric(x, 0);
  if (typeof x !== "object" || x === null) return true;
  return x instanceof Tensor || ArrayBuffer.isView(x);
}

function isNumeric(x: readonly unknown[], depth: number): boolean {
  return (
    depth < 32 &&
    x.every(
      (item) =>
        typeof item === "number" || typeof item === "boolean" || (Array.isArray(item) && isNumeric(item, depth + 1)),
    )
  );
}
