// The zero of a value's type: what an absent cotangent stands for.

import { AdjointError, type DType, printType, scalar, type Type, tensorType, type Value } from "../../ir/index.ts";
import { constant, empty } from "./constant.ts";
import { compare } from "./elementwise.ts";
import { select } from "./select.ts";

/** A constant zero (false) of the type; of a list, the empty one. */
export function zeros(type: Type): Value {
  if (type.kind === "list") return empty(type);
  if (type.kind !== "tensor") throw new AdjointError("no-derivative", `${printType(type)} has no zero`);
  return constant(type.dtype === "bool" ? false : 0, type);
}

/** A constant under the shape of `x`; while that is not known, chosen for each element, whatever it is. */
export function filledLike(x: Value, value: number | boolean, dtype: DType): Value {
  if (x.type.kind === "tensor") return constant(value, tensorType(dtype, x.type.shape));
  const element = constant(value, scalar(dtype));
  return select(compare(x, x, "eq"), element, element);
}

export function zerosLike(value: Value): Value {
  return zeros(value.type);
}
