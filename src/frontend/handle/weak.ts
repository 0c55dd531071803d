// Weak numbers: numbers of JavaScript that are traced. As a literal does, one takes the dtype of the tensor that it meets.
//
// Weakness belongs to the handle, not to the value of the IR: that is an f64, and a `cast` stands where it meets a tensor.

import { type DType, dtypes, elementDType, fail, isFloat, scalar, type Value } from "../../ir/index.ts";
import { and, cast, check, compare, constant, floor } from "../../ops/index.ts";
import { Tensor } from "./tensor.ts";

/** Whether a tensor is a traced number, or was computed of such numbers and literals alone. */
export function isWeak(x: unknown): boolean {
  return x instanceof Tensor && x.traced?.isWeak === true;
}

/** What is computed of weak numbers and literals alone: weak too, where it is a number. */
export function weakened(result: Tensor): Tensor {
  return result.traced !== null && result.dtype === "f64" ? new Tensor({ ...result.traced, isWeak: true }) : result;
}

/** The dtype that literals take among these operands; null where nothing there has one of its own. */
export function dtypeBeside(operands: readonly unknown[]): DType | null {
  let dtype: DType | null = null;
  for (const o of operands) {
    if (!(o instanceof Tensor)) continue;
    if (!isWeak(o)) return o.dtype;
    dtype = "f64";
  }
  return dtype;
}

/** The dtype of the numbers that weak ones meet among these operands; null where there are none. */
export function dtypeMet(operands: readonly unknown[]): DType | null {
  // a loop, since this is on the way of every operation that is traced
  for (const o of operands) if (o instanceof Tensor && !isWeak(o) && o.dtype !== "bool") return o.dtype;
  return null;
}

/** The tensors among operands that have a dtype of their own. */
export function strongOf(operands: readonly unknown[]): readonly Tensor[] {
  return operands.filter((o): o is Tensor => o instanceof Tensor && !isWeak(o));
}

/**
 * A weak number as a value of the dtype that it meets. For integers it is checked when it runs, since a cast would round
 * or wrap what a literal may not be.
 */
export function met(v: Value, dtype: DType): Value {
  if (elementDType(v.type) === dtype) return v;
  if (dtype === "bool") fail("dtype", "a number meets a tensor of dtype bool", { hint: "cast the tensor" });
  if (!isFloat(dtype)) requireWhole(v, dtype);
  return cast(v, dtype);
}

function requireWhole(v: Value, dtype: DType): void {
  const { min, max } = dtypes[dtype];
  const bound = (x: number): Value => constant(x, scalar("f64"));
  const isWhole = compare(floor(v), v, "eq");
  const isWithin = and(compare(v, bound(min), "ge"), compare(v, bound(max), "le"));
  const what = v.name === null ? "a number" : `the number '${v.name}'`;
  check(and(isWhole, isWithin), `${what} meets a tensor of ${dtype}: expected an integer from ${min} to ${max}`);
}
