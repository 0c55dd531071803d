// The dtypes as users write them: callable constants, `f32([[1, 2], [3, 4]])`.

import type { DType } from "../../ir/index.ts";
import { atBoundary } from "./boundary.ts";
import { tensor } from "./create.ts";
import { type Data, requireDTypeName } from "./data.ts";
import type { Tensor } from "./tensor.ts";

/** A dtype: pass it where a dtype is accepted, or call it with data to make a tensor. */
export interface DTypeConstant {
  (data: Data): Tensor;
  readonly name: DType;
}

/** @__NO_SIDE_EFFECTS__ */
function constantOf(dtype: DType): DTypeConstant {
  const make = (data: Data): Tensor => atBoundary(make, () => tensor(data, { dtype }));
  return Object.freeze(Object.defineProperty(make, "name", { value: dtype })) as DTypeConstant;
}

export const f64: DTypeConstant = constantOf("f64");
export const f32: DTypeConstant = constantOf("f32");
export const i32: DTypeConstant = constantOf("i32");
export const u32: DTypeConstant = constantOf("u32");
export const u8: DTypeConstant = constantOf("u8");
export const bool: DTypeConstant = constantOf("bool");

/** The dtype that a constant or a name stands for. */
export function dtypeNamed(dtype: DTypeConstant | string): DType {
  return requireDTypeName(typeof dtype === "function" ? dtype.name : dtype);
}
