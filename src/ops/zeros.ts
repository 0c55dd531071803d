// The zero of a value's type: what an absent cotangent stands for.

import { AdjointError, printType, type Type, type Value } from "../ir/index.ts";
import { constant } from "./constant.ts";

/** A constant zero (false) of the type. */
export function zeros(type: Type): Value {
  if (type.kind !== "tensor") throw new AdjointError("no-derivative", `${printType(type)} has no zero`);
  return constant(type.dtype === "bool" ? false : 0, type);
}

export function zerosLike(value: Value): Value {
  return zeros(value.type);
}
