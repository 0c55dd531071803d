// Sine, cosine and tangent of f32.

import type { SingleFunction, Value } from "../../../ir/index.ts";
import { constantLike } from "../../base/constant.ts";
import { abs, floor } from "../rounding.ts";
import { is, minus, narrow, over, plus, polynomial, square, times, where, wide } from "./terms.ts";

/** (sin r / r - 1) / r² of r² = z for |r| ≤ π/2, error of the sine 3e-11. */
const sinPolynomial = [
  -2.3888328652513387e-8, 2.7525352230463707e-6, -1.984086759858846e-4, 0.00833333110406235, -0.16666666626045656,
];

/** π in two parts: of the first, a multiple by a whole number below 2²⁰ is exact. */
const [high, low] = [3.1415926534682512, 1.2154201013012384e-10];

/** 1/π as a sum of numbers of 24 bits, whose products with an f32 are exact in f64. */
const inverse = [
  0.31830984354019165, 4.2643598874292366e-8, 1.4685476074668795e-16, 1.6271890689978986e-23, 1.2355693720024171e-29,
  6.595360320501356e-37, 1.3102015556048607e-44, 3.526978043894359e-52,
];

/** The angle with the sign of (-1)ⁿ, whose sine is that of nπ more. */
function turned(r: Value, n: Value): Value {
  return times(r, minus(1, times(minus(n, times(floor(times(n, 0.5)), 2)), 2)));
}

/** What of x - offset·π is left of multiples of π, which leave the sine as it is or change its sign: |x| up to 2²⁰. */
function nearAngle(x: Value, offset: number): Value {
  const n = floor(plus(times(x, 1 / Math.PI), 0.5 - offset));
  const taken = offset === 0 ? n : plus(n, offset);
  return turned(minus(minus(x, times(taken, high)), times(taken, low)), n);
}

/**
 * The same of any f32, as far as 1/π has digits: whole numbers are taken from each part of x/π, the larger ones first, so that
 * what is left is exact until it is small (M. Payne, R. Hanek, Radian reduction for trigonometric functions, SIGNUM 18, 1983).
 */
function farAngle(x: Value, offset: number): Value {
  let left = constantLike(-offset, x);
  let n = constantLike(0, x);
  for (const part of inverse) {
    const product = times(x, part);
    const whole = floor(plus(product, 0.5));
    const sum = plus(left, minus(product, whole));
    const carried = floor(plus(sum, 0.5));
    left = minus(sum, carried);
    n = plus(n, plus(carried, minus(whole, times(floor(times(whole, 0.5)), 2))));
  }
  return turned(times(left, Math.PI), n);
}

/** sin(x - offset·π) as f64. */
function sinWide(x: Value, offset: number): Value {
  const isFar = is(abs(x), "gt", 2 ** 20);
  const r = where(isFar, farAngle(wide(x), offset), nearAngle(wide(x), offset));
  const z = square(r);
  return times(r, plus(times(z, polynomial(z, sinPolynomial)), 1));
}

export const sin: SingleFunction = { ulps: 0.51, expand: (x) => narrow(sinWide(x, 0)) };

export const cos: SingleFunction = { ulps: 0.51, expand: (x) => narrow(minus(0, sinWide(x, 0.5))) };

export const tan: SingleFunction = {
  ulps: 0.51,
  expand: (x) => narrow(over(sinWide(x, 0), minus(0, sinWide(x, 0.5)))),
};
