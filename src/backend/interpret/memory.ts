// What memory holds when a function begins that is to write it. Nothing may depend on what `out` memory holds, so it holds
// what would be noticed.

import { isFloat, type NdArray, type Role } from "../../ir/index.ts";

/** Fills memory as its role says: `zeroed` with zeros, `out` with garbage; `inout` memory stays as it is. */
export function prepareMemory({ dtype, data }: NdArray, role: Role): void {
  if (role === "zeroed") data.fill(0);
  if (role !== "out") return;
  if (isFloat(dtype) || dtype === "index") data.fill(Number.NaN);
  else if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = (i % 2) ^ 1;
  else new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(0xaa);
}
