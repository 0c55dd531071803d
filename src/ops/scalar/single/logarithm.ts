// Logarithms of f32, and the inverse hyperbolic functions, which are some.

import type { SingleFunction, Value } from "../../../ir/index.ts";
import { constantLike } from "../../base/constant.ts";
import { neg } from "../arithmetic.ts";
import { and, bitcast, shiftRight } from "../bits.ts";
import { sqrt } from "../roots.ts";
import { abs, copysign } from "../rounding.ts";
import { is, minus, narrow, over, plus, polynomial, powerOf2, square, times, where, wide } from "./terms.ts";

/** The bits of √½, the least mantissa. */
const least = 0x3f3504f3;

/** A normal number x above 0 is 2ᵏ·m with m from √½ to √2; k is i32, m f32. */
function split(x: Value): { readonly k: Value; readonly m: Value } {
  const bits = minus(bitcast(x, "i32"), least);
  const m = bitcast(plus(and(bits, constantLike(0x7fffff, bits)), least), "f32");
  return { k: shiftRight(bits, constantLike(23, bits)), m };
}

/** The same of any number above 0. */
export function splitAny(x: Value): { readonly k: Value; readonly m: Value } {
  const isSmall = is(x, "lt", 2 ** -126);
  const { k, m } = split(where(isSmall, times(x, 2 ** 32), x));
  return { k: minus(k, where(isSmall, constantLike(32, k), 0)), m };
}

/** What a logarithm is where its argument is not above 0, or is infinite. */
function ofAny(x: Value, result: Value): Value {
  return where(
    is(x, "gt", 0),
    where(is(x, "lt", Infinity), result, x),
    where(is(x, "eq", 0), constantLike(-Infinity, x), NaN),
  );
}

/** (atanh s / s - 1) / s² of s² = z, error of the logarithm 5e-12. */
const atanhPolynomial = [0.11791784782950161, 0.1426861914540463, 0.2000016810984449, 0.33333332820645983];

/** log(1 + f) = 2·atanh(f / (2 + f)) of an f64 1 + f from √½ to √2; by its relative error, right next to 0. */
export function log1pNear(f: Value, coefficients: readonly number[] = atanhPolynomial): Value {
  const s = over(f, plus(f, 2));
  const z = square(s);
  return times(plus(s, s), plus(times(z, polynomial(z, coefficients)), 1));
}

/** log x / log base, where 1 / log base is `factor`, and `unit` log 2 / log base. */
function logOf(x: Value, factor: number, unit: number): Value {
  const { k, m } = splitAny(x);
  return ofAny(x, narrow(plus(times(log1pNear(minus(wide(m), 1)), factor), times(wide(k), unit))));
}

export const log: SingleFunction = { ulps: 0.51, expand: (x) => logOf(x, 1, Math.LN2) };

export const log2: SingleFunction = { ulps: 0.51, expand: (x) => logOf(x, Math.LOG2E, 1) };

export const log10: SingleFunction = { ulps: 0.51, expand: (x) => logOf(x, Math.LOG10E, Math.log10(2)) };

/** log(1 + f) of an f64 f, where 1 + f is from 2⁻²⁴ to 2¹³⁰. */
export function log1pWide(f: Value): Value {
  const u = times(plus(f, 1), 2 ** -4);
  const { k } = split(narrow(u));
  const isNear = is(k, "eq", -4);
  const rest = where(isNear, f, minus(times(u, wide(powerOf2(neg(k)))), 1));
  return plus(log1pNear(rest), times(wide(plus(k, 4)), Math.LN2));
}

export const log1p: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const inside = and(is(x, "gt", -1), is(x, "lt", Infinity));
    const y = narrow(log1pWide(wide(x)));
    // ±0 and ∞ are their own
    const outside = where(is(x, "eq", -1), constantLike(-Infinity, x), where(is(x, "lt", -1), NaN, x));
    return where(and(inside, is(x, "ne", 0)), y, outside);
  },
};

/** asinh a = log(a + √(a² + 1)) with a = |x|, by what that is more than 1. */
export const asinh: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const a = wide(abs(x));
    const z = square(a);
    const f = plus(a, over(z, plus(sqrt(plus(z, 1)), 1)));
    return where(is(abs(x), "lt", Infinity), copysign(narrow(log1pWide(f)), x), x);
  },
};

/** acosh x = log(x + √(x² - 1)) with x = 1 + t. */
export const acosh: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const t = minus(wide(x), 1);
    const y = narrow(log1pWide(plus(t, sqrt(plus(square(t), plus(t, t))))));
    return where(is(x, "lt", 1), NaN, where(is(x, "lt", Infinity), y, x));
  },
};

/** atanh a = ½·log((1 + a) / (1 - a)) with a = |x|. */
export const atanh: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const a = wide(abs(x));
    const y = narrow(times(log1pWide(over(plus(a, a), minus(1, a))), 0.5));
    const outside = where(is(abs(x), "eq", 1), constantLike(Infinity, x), NaN);
    return copysign(where(is(abs(x), "lt", 1), y, outside), x);
  },
};
