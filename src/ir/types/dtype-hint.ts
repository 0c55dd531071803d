// What to write instead of a name that is no dtype: many people come with the names of other systems.

import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { type DType, dtypeNames } from "./dtype.ts";

const otherNames: ReadonlyMap<string, DType> = new Map([
  ["float64", "f64"],
  ["double", "f64"],
  ["number", "f64"],
  ["float32", "f32"],
  ["float", "f32"],
  ["int32", "i32"],
  ["int", "i32"],
  ["integer", "i32"],
  ["uint32", "u32"],
  ["uint8", "u8"],
  ["byte", "u8"],
  ["boolean", "bool"],
]);

/** A hint for `name`, which stands where one of `expected` should. */
export function dtypeHint(name: string, expected: readonly string[] = dtypeNames): string | undefined {
  const same = otherNames.get(name.toLowerCase());
  return same !== undefined && expected.includes(same) ? `did you mean ${same}?` : didYouMean(name, expected);
}
