// Numbers of all magnitudes for constants and inputs: what identities speak of, what wraps, rounds, overflows or vanishes,
// and ordinary numbers whose sums round.

import { type DType, dtypes, isFloat } from "../../ir/index.ts";
import type { Random } from "./random.ts";

const special = [0, 1, -0, 2, -1, 0.5, Number.NaN, Infinity, -Infinity, 3, 0.1, -3, 4];
const ofFloats: Readonly<Record<"f64" | "f32", readonly number[]>> = {
  f64: [5e-324, 2 ** -1022, Number.MAX_VALUE, 2 ** 53, 2 ** 31, 1e16, 1e-8, -2e-310, 1 - 2 ** -40, 16777217],
  f32: [2 ** -149, 2 ** -126, 3.4028234663852886e38, 2 ** 24, 2 ** 31, 16777217, 1e-40, 1e-8],
};
/** Small ones, which indices, exponents and shift counts are; counts at and beyond the width. */
const small = [0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 64];
const ofIntegers: Readonly<Record<"i32" | "u32" | "u8", readonly number[]>> = {
  i32: [-1, -2, -3, -31, 127, 128, 255, 256, 46341, 65536, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1],
  u32: [127, 128, 255, 256, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 3 * 2 ** 30, 2 ** 32 - 1],
  u8: [15, 127, 128, 200, 254, 255],
};

/** A number of a dtype that is likely to matter: half of them are ones that identities and edges speak of. */
export function literal(random: Random, dtype: DType): number {
  switch (dtype) {
    case "bool":
      return random.below(2);
    case "index":
      return random.pick(small);
    case "f64":
    case "f32":
      if (random.oneIn(2)) return dtypes[dtype].round(random.pick(special));
      return random.oneIn(3) ? dtypes[dtype].round(random.pick(ofFloats[dtype])) : ordinary(random, dtype);
    default:
      if (random.oneIn(2)) return random.pick(small);
      return random.oneIn(2) ? random.pick(ofIntegers[dtype]) : dtypes[dtype].round(anyInteger(random));
  }
}

function anyInteger(random: Random): number {
  return Math.floor(random.fraction() * 2 ** 32);
}

/** An ordinary number: a float of the size of 1 with all its bits, a small integer. */
export function ordinary(random: Random, dtype: DType): number {
  if (dtype === "bool") return random.below(2);
  if (isFloat(dtype)) return dtypes[dtype].round((random.fraction() - 0.5) * random.pick([2, 6, 6, 40]));
  return dtypes[dtype].round(random.below(12) - (dtype === "i32" ? 3 : 0));
}
