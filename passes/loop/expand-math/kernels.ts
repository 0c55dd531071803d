// Functions of f32 as operations that every machine has, each rounded to f32: their bits are the same wherever they run.
//
// They have no branches, so that they work on vectors and tensors as on numbers. Sources: W. J. Cody, W. Waite, Software Manual
// for the Elementary Functions, 1980; S. L. Moshier, Methods and Programs for Mathematical Functions, 1989 (Cephes), whose
// polynomials these are.

import type { Op, Value } from "../../../src/ir/index.ts";
import {
  abs,
  add,
  bitcast,
  cast,
  compare,
  constantLike,
  copysign,
  div,
  expOp,
  floor,
  maximum,
  minimum,
  mul,
  select,
  shiftLeft,
  shiftRight,
  sub,
  tanhOp,
} from "../../../src/ops/index.ts";

/** A function of f32 as operations. */
export interface MathKernel {
  expand(x: Value): Value;
  /** No result is farther from the exact one, in units of the last place: tests measure it. */
  readonly bound: number;
}

export const mathKernels: ReadonlyMap<Op, MathKernel> = new Map([
  [expOp as Op, { expand: exp, bound: 1 }],
  [tanhOp as Op, { expand: tanh, bound: 1.5 }],
]);

/** c₀·xⁿ + c₁·xⁿ⁻¹ + … + cₙ, by Horner. */
function polynomial(x: Value, [first, ...others]: readonly number[]): Value {
  return others.reduce((sum, c) => add(mul(sum, x), constantLike(c, x)), constantLike(first, x));
}

/**
 * eˣ = 2ⁿ·eʳ with n = ⌊x / ln 2 + ½⌋. ln 2 is taken off in two parts, of which the first has few bits, so that n times it is
 * exact. 2ⁿ has two factors, since it may be no number by itself: a result below the normal ones is rounded once.
 */
function exp(x: Value): Value {
  // beyond these, the result is ∞ or 0
  const within = maximum(minimum(x, constantLike(89, x)), constantLike(-105, x));
  const n = floor(add(mul(within, constantLike(Math.LOG2E, x)), constantLike(0.5, x)));
  const high = sub(within, mul(n, constantLike(0.693359375, x)));
  const r = sub(high, mul(n, constantLike(-2.1219444e-4, x)));
  const p = polynomial(
    r,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  const y = add(add(mul(p, mul(r, r)), r), constantLike(1, x));
  const power = cast(n, "i32");
  const half = shiftRight(power, constantLike(1, power));
  return mul(mul(y, powerOf2(half)), powerOf2(sub(power, half)));
}

/** 2ⁿ for the exponent of a normal number. */
function powerOf2(n: Value): Value {
  return bitcast(shiftLeft(add(n, constantLike(127, n)), constantLike(23, n)), "f32");
}

/** Below 0.625 a polynomial; elsewhere tanh x = 1 - 2 / (e²ˣ + 1). Both of |x|, which has no sign to lose. */
function tanh(x: Value): Value {
  const a = abs(x);
  const square = mul(a, a);
  const p = polynomial(
    square,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const small = add(mul(mul(p, square), a), a);
  const one = constantLike(1, x);
  const large = sub(one, div(constantLike(2, x), add(exp(add(a, a)), one)));
  return copysign(select(compare(a, constantLike(0.625, x), "lt"), small, large), x);
}
