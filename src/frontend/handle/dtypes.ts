// The dtypes as users write them: callable constants, `f32([[1, 2], [3, 4]])`.

import { type DType, showAs } from "../../ir/index.ts";
import type { Shape } from "../shapes/shape.ts";
import { atBoundary } from "./boundary.ts";
import { tensorOf } from "./create.ts";
import { type Data, requireDTypeName } from "./data.ts";
import type { Tensor } from "./tensor.ts";

/** A dtype: pass it where a dtype is accepted, or call it with data to make a tensor. */
export type DTypeConstant<D extends DType = DType> = D extends DType ? ConstantOf<D> : never;

interface ConstantOf<D extends DType> {
  (data: Data): Tensor<Shape, D>;
  readonly name: D;
}

/** @__NO_SIDE_EFFECTS__ */
function constantOf<D extends DType>(dtype: D): ConstantOf<D> {
  const make = (data: Data): Tensor => atBoundary(make, () => tensorOf(data, { dtype }));
  Object.defineProperty(make, "name", { value: dtype });
  return Object.freeze(showAs(make, () => `[dtype ${dtype}]`)) as ConstantOf<D>;
}

export const f64: DTypeConstant<"f64"> = constantOf("f64");
export type f64 = "f64";
export const f32: DTypeConstant<"f32"> = constantOf("f32");
export type f32 = "f32";
export const i32: DTypeConstant<"i32"> = constantOf("i32");
export type i32 = "i32";
export const u32: DTypeConstant<"u32"> = constantOf("u32");
export type u32 = "u32";
export const u8: DTypeConstant<"u8"> = constantOf("u8");
export type u8 = "u8";
export const bool: DTypeConstant<"bool"> = constantOf("bool");
export type bool = "bool";

/** The dtype that a constant, or its name, stands for in types. */
export type DTypeNamed<T> = T extends DType ? T : T extends { readonly name: infer D extends DType } ? D : DType;

/** The dtype that a constant or a name stands for. */
export function dtypeNamed(dtype: DTypeConstant | string): DType {
  return requireDTypeName(typeof dtype === "function" ? dtype.name : dtype);
}
