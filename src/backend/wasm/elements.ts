// Elements of memory: how many bytes they are, and what reads and writes them.

import type { DType, Type } from "../../ir/index.ts";
import type { Code } from "./code.ts";
import type { Mnemonic } from "./instructions.ts";
import { dtypeOf } from "./values.ts";

/** What reads and writes an element, and turns what memory holds into the number and back: index values are stored as f64. */
const elements: Readonly<Record<DType, { readonly load: readonly Mnemonic[]; readonly store: readonly Mnemonic[] }>> = {
  f64: { load: ["f64.load"], store: ["f64.store"] },
  f32: { load: ["f32.load"], store: ["f32.store"] },
  i32: { load: ["i32.load"], store: ["i32.store"] },
  u32: { load: ["i32.load"], store: ["i32.store"] },
  u8: { load: ["i32.load8_u"], store: ["i32.store8"] },
  bool: { load: ["i32.load8_u"], store: ["i32.store8"] },
  index: { load: ["f64.load", "i64.trunc_sat_f64_s"], store: ["f64.convert_i64_s", "f64.store"] },
};

/** Takes an address from the stack, and puts the element there, or so many bytes behind it, in its place. */
export function loadElement(code: Code, dtype: DType, offset = 0): void {
  const [load, ...convert] = elements[dtype].load;
  code.add(load, offset);
  for (const name of convert) code.add(name);
}

/** The instruction that reads an element into every lane of a register, where there is one. */
export function loadSplat(dtype: DType): Mnemonic | null {
  if (dtype === "f64") return "v128.load64_splat";
  return dtype === "f32" || dtype === "i32" || dtype === "u32" ? "v128.load32_splat" : null;
}

/** Takes a number, and an address below it, from the stack, and writes it there, or so many bytes behind. */
export function storeElement(code: Code, dtype: DType, offset = 0): void {
  const names = elements[dtype].store;
  for (const name of names.slice(0, -1)) code.add(name);
  code.add(names[names.length - 1], offset);
}

/** The bytes of an element. */
export function bytesOf(type: Type): number {
  const dtype = dtypeOf(type);
  if (dtype === "u8" || dtype === "bool") return 1;
  return dtype === "f64" || dtype === "index" ? 8 : 4;
}
