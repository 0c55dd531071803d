// How JavaScript spells what ops have in common: numbers that are rounded to a dtype, and kernels by their own text.

import { AdjointError, type DType, type Kernel } from "../../ir/index.ts";

const same = (x: string): string => x;

const roundings: Readonly<Record<DType, (x: string) => string>> = {
  f64: same,
  f32: (x) => `fround(${x})`,
  i32: (x) => `(${x}) | 0`,
  u32: (x) => `(${x}) >>> 0`,
  u8: (x) => `(${x}) & 255`,
  bool: same,
  index: same,
};

/** The expression `x`, rounded as an operation of the dtype rounds its result. */
export function spellRound(x: string, dtype: DType): string {
  return roundings[dtype](x);
}

/** A kernel's function as an expression; `names` are those of the kernels that it uses. */
export function kernelText({ name, source, isMade, write }: Kernel, names: readonly string[]): string {
  const text = write === null ? Function.prototype.toString.call(source) : write();
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw new AdjointError("no-eval", `the kernel ${name} has no text here`, {
      hint: "use the backend interpret, or a JavaScript engine that keeps the text of functions",
    });
  }
  return isMade ? `(${text})(${names.join(", ")})` : `(${text})`;
}
