// Values of samples as arrays of the types a function has, and how close two arrays are.

import { type DType, dtypes, fail, isFloat, type NdArray, numberOf, type Type } from "../../src/ir/index.ts";
import type { Literal } from "./directives.ts";

/** The array of type `type` that the literal writes; symbolic extents follow from its lists, 0 where they end. */
export function arrayOf(literal: Literal, type: Type): NdArray {
  if (type.kind === "list") return fail("argument", "a list has no literal");
  const dims = "shape" in type ? type.shape : [];
  const rank = type.kind === "unranked" ? 16 : dims.length;
  const shape: number[] = [];
  for (let at: Literal | undefined = literal; Array.isArray(at) && shape.length < rank; at = at[0]) {
    shape.push(at.length);
  }
  for (let axis = shape.length; axis < dims.length; axis++)
    shape.push(typeof dims[axis] === "number" ? Number(dims[axis]) : 0);
  const flat = (Array.isArray(literal) ? literal.flat(16) : [literal]) as string[];
  return { dtype: type.dtype, shape, data: new dtypes[type.dtype].array(flat.map((x) => elementOf(x, type.dtype))) };
}

function elementOf(text: string, dtype: DType): number {
  if (text === "true" || text === "false") return Number(text === "true");
  return numberOf(text, dtype);
}

/** Whether every element is within 1 ulp (f32) or 2 ulp (f64); other dtypes are equal. */
export function isNear(a: NdArray, b: NdArray): boolean {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  const ulps = !isFloat(a.dtype) ? 0 : a.dtype === "f32" ? 1 : 2;
  return a.data.every((x, i) => Object.is(x, b.data[i]) || ulpDistance(x, b.data[i], a.dtype) <= ulps);
}

const bits = new DataView(new ArrayBuffer(8));

/** How many values of the dtype lie between two floats; infinite where one is NaN. */
function ulpDistance(x: number, y: number, dtype: DType): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Infinity;
  const place = (v: number): bigint => {
    if (dtype === "f32") bits.setFloat32(0, v);
    else bits.setFloat64(0, v);
    const raw = dtype === "f32" ? BigInt(bits.getInt32(0)) : bits.getBigInt64(0);
    const smallest = dtype === "f32" ? -(2n ** 31n) : -(2n ** 63n);
    return raw < 0n ? smallest - raw : raw;
  };
  const distance = place(x) - place(y);
  return Number(distance < 0n ? -distance : distance);
}
