// What memory holds when a function begins that is to write it.

import { fillGarbage, type NdArray, type Role } from "../../ir/index.ts";

/** Fills memory as its role says: `zeroed` with zeros, `out` with garbage; `inout` memory stays as it is. */
export function prepareMemory(memory: NdArray, role: Role): void {
  if (role === "zeroed") memory.data.fill(0);
  if (role === "out") fillGarbage(memory);
}
