// What the text that calls generated code needs beside itself: tests of scalars, and the names of helpers.

import type { DType } from "../../../ir/index.ts";

export type Helper = "tensor" | "shape" | "numbers" | "position" | "apart" | "put" | "list" | "rows";
export type Needs = Set<Helper>;

/** Whether a value is a scalar of the dtype. */
export const scalarTests: Readonly<Record<DType, (x: string) => string>> = {
  f64: (x) => `typeof ${x} === "number"`,
  f32: (x) => `typeof ${x} === "number"`,
  i32: (x) => `(${x} | 0) === ${x}`,
  u32: (x) => `(${x} >>> 0) === ${x}`,
  u8: (x) => `(${x} & 255) === ${x}`,
  bool: (x) => `typeof ${x} === "boolean"`,
  index: (x) => `Number.isSafeInteger(${x})`,
};
