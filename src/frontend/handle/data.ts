// What tensors are made of: numbers, nested arrays and typed arrays, read into arrays of their own.

import {
  counted,
  type DType,
  dtypeHint,
  dtypes,
  fail,
  isDType,
  isFloat,
  isRepresentable,
  kindOfArray,
  type NdArray,
  sizeOf,
  type TypedArray,
} from "../../ir/index.ts";
import { describe, readable } from "./describe.ts";

/** Nested arrays of numbers or booleans. */
export type Nested = number | boolean | readonly Nested[];
/** What a tensor can be made of. */
export type Data = Nested | TypedArray;

/** Arrays nested deeper are no tensor. */
const maxRank = 32;
/** Nested arrays that share parts can be written short and unfold to more than a machine holds. */
const maxElements = 2 ** 25;

const names = ["f64", "f32", "i32", "u32", "u8"] as const;
const byArray: ReadonlyMap<unknown, DType> = new Map(names.map((name) => [dtypes[name].array.name, name]));

/** The dtype of a typed array's elements: Uint8Array is u8. */
export function dtypeOfArray(data: ArrayBufferView, what: string): DType {
  const found = byArray.get(kindOfArray(data));
  if (found !== undefined) return found;
  return fail("dtype", `${what} is ${describe(data)}, which has no dtype here`, {
    hint: "use Float64Array, Float32Array, Int32Array, Uint32Array or Uint8Array",
  });
}

/** The dtype that users mean by a name. */
export function requireDTypeName(name: unknown): DType {
  if (typeof name === "string" && isDType(name) && name !== "index") return name;
  const got = typeof name === "string" ? `'${name.slice(0, 40)}'` : describe(name);
  const hint = typeof name === "string" ? dtypeHint(name, [...names, "bool"]) : undefined;
  return fail("dtype", `${got} is not a dtype`, { hint: hint ?? "write f64, f32, i32, u32, u8 or bool" });
}

/** Data as an array of its own, in the dtype asked for; `what` names it in messages. */
export function arrayOf(data: Data, what: string, dtype?: DType, shape?: readonly number[]): NdArray {
  const isTyped = ArrayBuffer.isView(data);
  if (Array.isArray(data) && shape === undefined) {
    const plain = plainNested(data, dtype ?? "f64");
    if (plain !== null) return plain;
  }
  const found: Elements = isTyped
    ? { elements: data, shape: [data.length], dtype: dtypeOfArray(data, what) }
    : readNested(data, what);
  const target = dtype === undefined ? found.dtype : requireDTypeName(dtype);
  const extents = shape ?? found.shape;
  requireExtents(extents);
  if (sizeOf(extents) !== found.elements.length) {
    const expected = `${sizeOf(extents)} for the shape [${extents.join(", ")}]`;
    fail("shape", `${what} has ${counted(found.elements.length, "element")}, expected ${expected}`);
  }
  if (isTyped && target === found.dtype) return { dtype: target, shape: [...extents], data: copyOf(data, target) };
  const result = new dtypes[target].array(found.elements.length);
  for (let i = 0; i < result.length; i++) result[i] = converted(Number(found.elements[i]), target, what);
  return { dtype: target, shape: [...extents], data: result };
}

/** Not by `slice`: that of a Buffer shares its memory. */
function copyOf(data: TypedArray, dtype: DType): TypedArray {
  return new dtypes[dtype].array(data);
}

/** A copy of a flat array in its own dtype, and its shape; null where it has none here. */
export function copiedArray(data: unknown): NdArray | null {
  if (!ArrayBuffer.isView(data)) return null;
  const dtype = byArray.get(kindOfArray(data));
  if (dtype === undefined) return null;
  const copy = copyOf(data as TypedArray, dtype);
  return { dtype, shape: [copy.length], data: copy };
}

/** Regular nested arrays of numbers as floats, in one pass; null for all others, which are read with more care. */
function plainNested(data: readonly unknown[], dtype: DType): NdArray | null {
  if (!isFloat(dtype)) return null;
  try {
    const shape: number[] = [];
    let size = 1;
    for (let at: unknown = data; Array.isArray(at); at = at[0]) {
      if (shape.length === maxRank) return null;
      shape.push(at.length);
      size *= at.length;
    }
    if (size === 0 || size > maxElements) return null;
    const into = new dtypes[dtype].array(size);
    return fill(into, 0, data, shape, 0) === size ? { dtype, shape, data: into } : null;
  } catch {
    return null;
  }
}

/** Writes the numbers of nested arrays from `at` on; gives where it ended, and NaN where they are not of this shape. */
function fill(into: TypedArray, at: number, part: readonly unknown[], shape: readonly number[], axis: number): number {
  const length = shape[axis];
  if (part.length !== length) return Number.NaN;
  if (axis === shape.length - 1) {
    for (let i = 0; i < length; i++) {
      const x = part[i];
      if (typeof x !== "number") return Number.NaN;
      into[at + i] = x;
    }
    return at + length;
  }
  let end = at;
  for (let i = 0; i < length; i++) {
    const x = part[i];
    if (!Array.isArray(x)) return Number.NaN;
    end = fill(into, end, x, shape, axis + 1);
  }
  return end;
}

function requireExtents(shape: readonly number[]): void {
  if (!Array.isArray(shape)) fail("shape", `the shape is ${describe(shape)}, expected an array of extents`);
  const wrong = shape.findIndex((n) => !Number.isSafeInteger(n) || n < 0);
  if (wrong >= 0) fail("shape", `got the extent ${describe(shape[wrong])}, expected an integer from 0`);
}

function converted(x: number, dtype: DType, what: string): number {
  if (isFloat(dtype) || isRepresentable(x, dtype)) return x;
  return fail("literal", `${what}: ${describe(x)} is not a value of ${dtype}`, {
    hint: "write a value it has, or cast",
  });
}

interface Elements {
  readonly elements: ArrayLike<number | boolean>;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

function readNested(data: Nested, what: string): Elements {
  const path: number[] = [];
  return readable(what, path, () => {
    const shape = shapeOf(data);
    const elements: (number | boolean)[] = [];
    const read = (part: unknown, axis: number): void => {
      if (axis === shape.length) {
        if (typeof part !== "number" && typeof part !== "boolean") fail(...elementError(part));
        elements.push(part);
        return;
      }
      if (!Array.isArray(part) || part.length !== shape[axis]) fail("shape", raggedness(part, shape[axis]));
      for (let i = 0; i < part.length; i++) {
        path[axis] = i;
        read(part[i], axis + 1);
      }
      path.length = axis;
    };
    read(data, 0);
    const isBool = elements.length > 0 && elements.every((x) => typeof x === "boolean");
    return { elements, shape, dtype: isBool ? "bool" : "f64" };
  });
}

function elementError(part: unknown): readonly ["shape" | "dtype", string] {
  if (Array.isArray(part)) return ["shape", `got an array of ${part.length}, expected a number as beside it`];
  return ["dtype", `got ${describe(part)}, expected a number or a boolean`];
}

function raggedness(part: unknown, extent: number): string {
  const got = Array.isArray(part) ? `an array of ${part.length}` : describe(part);
  return `got ${got}, expected an array of ${extent} as beside it`;
}

/** The extents along the first elements; the others have to be like them. */
function shapeOf(data: Nested): readonly number[] {
  const shape: number[] = [];
  for (let at: unknown = data; Array.isArray(at); at = at[0]) {
    if (shape.length === maxRank) fail("shape", `arrays nest deeper than ${maxRank}`);
    shape.push(at.length);
  }
  if (sizeOf(shape) > maxElements) {
    fail("shape", `nested arrays of ${sizeOf(shape)} numbers, expected at most ${maxElements}`, {
      hint: "pass a typed array",
    });
  }
  return shape;
}

/** Whether arrays hold numbers and booleans alone: one tensor, not a structure of several. */
export function isNumeric(x: readonly unknown[]): boolean {
  let left = maxElements;
  const check = (part: unknown, depth: number): boolean => {
    if (typeof part === "number" || typeof part === "boolean") return true;
    if (!Array.isArray(part) || depth > maxRank) return false;
    left -= part.length;
    if (left < 0) fail("argument", `nested arrays of more than ${maxElements} numbers`, { hint: "pass a typed array" });
    // a hole is no number: `every` would leave it out
    for (let i = 0; i < part.length; i++) if (!check(part[i], depth + 1)) return false;
    return true;
  };
  return check(x, 0);
}
