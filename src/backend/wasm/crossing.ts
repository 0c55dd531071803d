// Numbers as JavaScript has them: doubles.

import type { DType } from "../../ir/index.ts";
import type { Code } from "./code.ts";

/** The number on the stack, as a double. */
export function toDouble(code: Code, dtype: DType): void {
  if (dtype === "f64") return;
  if (dtype === "f32") code.add("f64.promote_f32");
  else if (dtype === "index") code.add("f64.convert_i64_s");
  else code.add(dtype === "i32" ? "f64.convert_i32_s" : "f64.convert_i32_u");
}

/** The double on the stack, which is a number of the dtype, as that. */
export function fromDouble(code: Code, dtype: DType): void {
  if (dtype === "f64") return;
  if (dtype === "f32") code.add("f32.demote_f64");
  else if (dtype === "index") code.add("i64.trunc_sat_f64_s");
  else code.add(dtype === "i32" ? "i32.trunc_sat_f64_s" : "i32.trunc_sat_f64_u");
}
