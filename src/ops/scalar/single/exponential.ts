// Exponentials of f32.

import type { SingleFunction, Value } from "../../../ir/index.ts";
import { constantLike } from "../../base/constant.ts";
import { cast } from "../../base/elementwise.ts";
import { neg, sub } from "../arithmetic.ts";
import { shiftRight } from "../bits.ts";
import { floor } from "../rounding.ts";
import { bounded, is, minus, narrow, over, plus, polynomial, powerOf2, square, times, where, wide } from "./terms.ts";

/** (eʳ - 1 - r) / r² for |r| ≤ ln 2 / 2, so that eʳ has an error of 1e-10, and eʳ - 1 one of 5e-10. */
const expPolynomial = [
  0.00019907639192613913, 0.0013948641715471547, 0.008333285929773634, 0.04166623984371945, 0.16666666756675774,
  0.5000000081047551,
];

/**
 * 2ⁿ·(1 + p) with p = eʳ - 1: the root of a result, so that 2ⁿ is normal whatever the result is. `n` is f32, `r` f64.
 */
function rootOf(n: Value, r: Value): { readonly scale: Value; readonly p: Value } {
  const p = plus(times(square(r), polynomial(r, expPolynomial)), r);
  return { scale: wide(powerOf2(cast(n, "i32"))), p };
}

function rootOfExp(x: Value): ReturnType<typeof rootOf> {
  const n = floor(plus(times(narrow(x), Math.LOG2E / 2), 0.5));
  return rootOf(n, minus(times(x, 0.5), times(wide(n), Math.LN2)));
}

/** eˣ of an f64 between -170 and 170, as f64. */
export function expWide(x: Value): Value {
  const { scale, p } = rootOfExp(x);
  return square(plus(times(scale, p), scale));
}

/** eˣ - 1 likewise, from the root: (1 + m)² - 1 = m·(m + 2). */
export function expm1Wide(x: Value): Value {
  const { scale, p } = rootOfExp(x);
  const m = plus(times(scale, p), minus(scale, 1));
  return times(m, plus(m, 2));
}

/** 2ˣ of an f64 between -170 and 170, as f64; exact where x is even. */
export function exp2Wide(x: Value): Value {
  const n = floor(plus(times(narrow(x), 0.5), 0.5));
  const { scale, p } = rootOf(n, times(minus(times(x, 0.5), wide(n)), Math.LN2));
  return square(plus(times(scale, p), scale));
}

/** The same for f32, so that eʳ has an error of 3e-9. */
const expPolynomialF32 = [
  0.001381453874657568, 0.008368745742708177, 0.04166839084595412, 0.16666520393840314, 0.4999999343178579,
];

/**
 * eˣ = 2ⁿ·eʳ with n = ⌊x / ln 2 + ½⌋, in f32. ln 2 is taken off in two parts, of which the first has few bits, so that n times
 * it is exact (W. J. Cody, W. Waite, Software Manual for the Elementary Functions, 1980). 2ⁿ has two factors, since it may be
 * no number by itself: a result below the normal ones is rounded once.
 */
export const exp: SingleFunction = {
  ulps: 1,
  expand(x) {
    // beyond these, the result is ∞ or 0
    const within = where(is(x, "gt", 89), 89, where(is(x, "lt", -105), -105, x));
    const n = floor(plus(times(within, Math.LOG2E), 0.5));
    const r = minus(minus(within, times(n, 0.693359375)), times(n, -2.1219444e-4));
    const y = plus(plus(times(polynomial(r, expPolynomialF32), square(r)), r), 1);
    const power = cast(n, "i32");
    const half = shiftRight(power, constantLike(1, power));
    return times(times(y, powerOf2(half)), powerOf2(sub(power, half)));
  },
};

export const exp2: SingleFunction = {
  ulps: 0.51,
  expand: (x) => narrow(exp2Wide(wide(bounded(x, 170)))),
};

export const expm1: SingleFunction = {
  ulps: 0.51,
  expand: (x) => where(is(x, "eq", 0), x, narrow(expm1Wide(wide(bounded(x, 170))))),
};

export const logistic: SingleFunction = {
  ulps: 0.51,
  expand: (x) => narrow(over(1, plus(expWide(neg(wide(bounded(x, 170)))), 1))),
};
