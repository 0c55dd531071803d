// The zero of a value's type: what an absent cotangent stands for.

import { AdjointError, printType, type Type, type Value } from "../../ir/index.ts";
import { constant, empty } from "./constant.ts";

/** A constant zero (false) of the type; of a list, the empty one. */
export function zeros(type: Type): Value {
  if (type.kind === "list") return empty(type);
  if (type.kind !== "tensor") throw new AdjointError("no-derivative", `${printType(type)} has no zero`);
  return constant(type.dtype === "bool" ? false : 0, type);
}

export function zerosLike(value: Value): Value {
  return zeros(value.type);
}
