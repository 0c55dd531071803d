// Powers, roots and lengths of f32.

import type { SingleFunction, Value } from "../../../ir/index.ts";
import { constantLike } from "../../base/constant.ts";
import { not } from "../../base/elementwise.ts";
import { neg } from "../arithmetic.ts";
import { and, bitcast, or, shiftRight } from "../bits.ts";
import { sqrt } from "../roots.ts";
import { abs, copysign, floor } from "../rounding.ts";
import { exp2Wide } from "./exponential.ts";
import { log1pNear, splitAny } from "./logarithm.ts";
import { bounded, is, minus, narrow, over, plus, polynomial, powerOf2, square, times, where, wide } from "./terms.ts";

export const rsqrt: SingleFunction = { ulps: 0.51, expand: (x) => narrow(over(1, sqrt(wide(x)))) };

export const hypot: SingleFunction = {
  ulps: 0.51,
  expand(x, y) {
    const length = narrow(sqrt(plus(square(wide(x)), square(wide(y)))));
    const isInfinite = or(is(abs(x), "eq", Infinity), is(abs(y), "eq", Infinity));
    return where(isInfinite, Infinity, length);
  },
};

/** ∛m for m from 0.35 to 2.85, error 7e-4. */
const cbrtPolynomial = [
  0.011164943540588805, -0.10386443537366845, 0.3861210738925468, -0.7611729061265174, 1.0531181154386535,
  0.41484675891471534,
];

/** 2ⁿ·∛m with |x| = 2³ⁿ·m, by one of Halley's steps, which has thrice as many digits. */
export const cbrt: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const { k, m } = splitAny(abs(x));
    // ⌊(k + 1) / 3⌋
    const third = times(plus(k, 151), 10923);
    const n = minus(shiftRight(third, constantLike(15, third)), 50);
    const m3 = wide(times(m, powerOf2(minus(k, times(n, 3)))));
    const y = polynomial(m3, cbrtPolynomial);
    const cube = times(square(y), y);
    const root = over(times(y, plus(cube, plus(m3, m3))), plus(plus(cube, cube), m3));
    // ±0, ±∞ and NaN are their own
    const isOwn = and(is(abs(x), "gt", 0), is(abs(x), "lt", Infinity));
    return where(isOwn, copysign(narrow(times(root, wide(powerOf2(n)))), x), x);
  },
};

/** (atanh s / s - 1) / s² of s² = z, error of the logarithm 2e-16: the product with y has to have digits left. */
const atanhPolynomial = [
  0.08410673064910341, 0.0906176058020574, 0.11111687625715866, 0.14285708541328426, 0.20000000026271053,
  0.3333333333329336,
];

function isWhole(x: Value): Value {
  return is(floor(x), "eq", x);
}

/** 2 to the y·log₂|x|. */
export const pow: SingleFunction = {
  ulps: 0.51,
  expand(x, y) {
    const a = abs(x);
    const { k, m } = splitAny(a);
    const near = times(log1pNear(minus(wide(m), 1), atanhPolynomial), Math.LOG2E);
    const finite = plus(near, wide(k));
    const log2 = where(is(a, "eq", 0), -Infinity, where(is(a, "lt", Infinity), finite, wide(a)));
    const size = narrow(exp2Wide(bounded(times(wide(y), log2), 170)));
    const isNegative = is(bitcast(x, "i32"), "lt", 0);
    const isOdd = and(isWhole(y), not(isWhole(times(y, 0.5))));
    const signed = where(and(isNegative, isOdd), neg(size), size);
    const isNone = and(and(is(x, "lt", 0), is(x, "gt", -Infinity)), not(isWhole(y)));
    const power = where(isNone, constantLike(NaN, x), signed);
    return where(is(y, "eq", 0), 1, where(is(y, "eq", 2), square(x), power));
  },
};
