// Functions of f32 as arithmetic, each with a bound of its error: see terms.ts for what they are written in.
//
// Most compute in f64 and round once; the exponential, of which programs compute the most, in f32. What depends on the size of an
// argument is chosen, never branched over. Polynomials and quotients of polynomials are minimax approximations, found by
// Remez's algorithm with 50 digits; where an error is given, it is theirs, relative to the function.

import { lazy, type SingleFunction } from "../../../ir/index.ts";
import { provideSingles, type Single } from "../../base/single.ts";
import { acos, asin, atan, atan2 } from "./angles.ts";
import { cos, sin, tan } from "./circle.ts";
import { erf, erfc, erfinv } from "./errors.ts";
import { exp, exp2, expm1, logistic } from "./exponential.ts";
import { cosh, sinh, tanh } from "./hyperbola.ts";
import { kernelOf } from "./kernel.ts";
import { acosh, asinh, atanh, log, log1p, log2, log10 } from "./logarithm.ts";
import { cbrt, hypot, pow, rsqrt } from "./powers.ts";

/** By the names of their ops. */
const functions: Readonly<Record<string, SingleFunction>> = {
  ...{ acos, asin, atan, atan2, cos, sin, tan, acosh, asinh, atanh, cosh, sinh, tanh },
  ...{ exp, exp2, expm1, logistic, log, log1p, log2, log10 },
  ...{ cbrt, hypot, pow, rsqrt, erf, erfc, erfinv },
};

/** Brings the functions of f32: whatever makes a number of f32 calls this before. */
export function bringSingles(): void {
  const single = ([name, single]: [string, SingleFunction]): [string, Single] => [
    name,
    { single, kernel: lazy(() => kernelOf(name, single)) },
  ];
  provideSingles(new Map(Object.entries(functions).map(single)));
}
