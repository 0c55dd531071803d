// How values of the IR are held: numbers in locals of one type, memory as the address of its first byte, vectors in
// registers of 128 bits.
//
// Index values have 64 bits, since they may be as large as safe integers are; addresses have 32. u8 and u32 are i32 whose
// bits say the number, and bool is 0 or 1. A vector of bool is a mask: lanes of 32 bits, all of them set or none.

import { type DType, elementDType, fail, type Type } from "../../ir/index.ts";
import type { ValueType } from "./instructions.ts";

/** Memory begins at multiples of so many bytes. */
export const alignment = 16;

/** So many bytes, up to a multiple of the alignment. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

const scalarTypes: Readonly<Record<DType, ValueType>> = {
  f64: "f64",
  f32: "f32",
  i32: "i32",
  u32: "i32",
  u8: "i32",
  bool: "i32",
  index: "i64",
};

/** The type of a number. */
export function scalarType(dtype: DType): ValueType {
  return scalarTypes[dtype];
}

/** The types of the locals that hold a value. */
export function typesOf(type: Type): readonly ValueType[] {
  switch (type.kind) {
    case "tensor":
      return [scalarType(type.dtype)];
    case "memref":
    // a list is a number of the host's
    case "list":
      return ["i32"];
    case "vector":
      return Array.from({ length: registersOf(type.dtype, Number(type.shape[0])) }, () => "v128" as const);
    default:
      return fail("no-eval", `the WebAssembly backend has no values of type ${type.kind}`);
  }
}

export function dtypeOf(type: Type): DType {
  return elementDType(type) ?? "f64";
}

/** How many registers hold lanes of a dtype. */
function registersOf(dtype: DType, lanes: number): number {
  return Math.ceil(lanes / lanesPerRegister(dtype));
}

export function lanesPerRegister(dtype: DType): number {
  return dtype === "f64" || dtype === "index" ? 2 : 4;
}

/** The name of a register's lanes. */
export function lanesName(dtype: DType): "f64x2" | "f32x4" | "i64x2" | "i32x4" {
  if (dtype === "f64") return "f64x2";
  if (dtype === "f32") return "f32x4";
  return dtype === "index" ? "i64x2" : "i32x4";
}
