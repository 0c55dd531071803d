// Elementwise functions that are no ops of their own, written in ops on Values.

import { type DType, dtypes, elementDType, isFloat, scalar, type Value } from "../ir/index.ts";
import { constant, constantLike } from "./base/constant.ts";
import { compare, type Direction, not } from "./base/elementwise.ts";
import { select } from "./base/select.ts";
import { stopGradient } from "./base/stop-gradient.ts";
import { add, div, mul, neg, sub } from "./scalar/arithmetic.ts";
import { and, xor } from "./scalar/bits.ts";
import { exp, log1p } from "./scalar/exponential.ts";
import { abs, copysign, floor, isFinite as isFiniteFloat, isNan, rem, round } from "./scalar/rounding.ts";
import { cos, sin, tan } from "./scalar/trigonometric.ts";

function dtypeOf(x: Value): DType {
  return elementDType(x.type) ?? "f64";
}

/** A constant beside `x`; of rank 0 where the rank of `x` is not known, to broadcast. */
function like(value: number, x: Value): Value {
  return x.type.kind === "unranked" ? constant(value, scalar(x.type.dtype)) : constantLike(value, x);
}

function is(x: Value, direction: Direction, value: number): Value {
  return compare(x, like(value, x), direction);
}

export function square(x: Value): Value {
  return mul(x, x);
}

export function reciprocal(x: Value): Value {
  return div(like(1, x), x);
}

export function sec(x: Value): Value {
  return reciprocal(cos(x));
}

export function csc(x: Value): Value {
  return reciprocal(sin(x));
}

export function cot(x: Value): Value {
  return reciprocal(tan(x));
}

/** Whether the divisor's sign differs from that of a remainder that is not 0. */
function isAcross(remainder: Value, y: Value): Value {
  return and(is(remainder, "ne", 0), xor(is(remainder, "lt", 0), is(y, "lt", 0)));
}

/** -0 becomes 0; the derivative is 1. */
function withoutNegativeZero(x: Value): Value {
  return add(x, like(0, x));
}

/** x - y·floor(x / y), with the sign of y. */
export function remainder(x: Value, y: Value): Value {
  const r = rem(x, y);
  if (!isSigned(dtypeOf(x))) return r;
  const moved = add(r, y);
  if (!isFloat(dtypeOf(x))) return select(isAcross(r, y), moved, r);
  const negative = neg(withoutNegativeZero(neg(r)));
  const zeroed = select(is(y, "lt", 0), negative, withoutNegativeZero(r));
  return select(isAcross(r, y), moved, zeroed);
}

/** The whole number q with x = q·y + remainder(x, y), from the remainder, so that a rounded quotient does not mislead. */
export function floorDivide(x: Value, y: Value): Value {
  if (!isSigned(dtypeOf(x))) return div(x, y);
  const r = rem(x, y);
  const lower = (q: Value): Value => select(isAcross(r, y), sub(q, like(1, q)), q);
  return isFloat(dtypeOf(x)) ? floorOfFloats(stopGradient(x), stopGradient(y)) : lower(div(x, y));
}

/** A step function: its derivative is 0, at the jumps too. */
function floorOfFloats(x: Value, y: Value): Value {
  const r = rem(x, y);
  const quotient = div(x, y);
  const truncated = round(div(sub(x, r), y));
  const floor = select(isAcross(r, y), sub(truncated, like(1, x)), truncated);
  const signed = select(is(floor, "eq", 0), copysign(like(0, x), quotient), floor);
  return select(is(y, "eq", 0), quotient, signed);
}

function isSigned(dtype: DType): boolean {
  return dtypes[dtype].min < 0;
}

/**
 * log(eˣ + eʸ) as the larger one and a correction. Where they are equal either formula has all the derivatives; equal
 * infinities are their own sum, and have no difference: what is computed from it is left out whole, derivatives included.
 */
export function logaddexp(x: Value, y: Value): Value {
  const isFirst = compare(x, y, "ge");
  const high = select(isFirst, x, y);
  // a sign times the difference: unlike in a difference of two selects, no tangent is 0 for not being taken
  const gap = mul(select(isFirst, like(-1, x), like(1, x)), sub(x, y));
  const isInfinite = and(compare(x, y, "eq"), not(isFiniteFloat(y)));
  return select(isInfinite, high, add(high, log1p(exp(gap))));
}

/** Whether the sign bit is set: true for -0; a NaN counts as positive. */
export function signbit(x: Value): Value {
  return is(isFloat(dtypeOf(x)) ? copysign(like(1, x), x) : x, "lt", 0);
}

/** The nearest whole number, the larger one of two, as Math.round; -0 is kept, and the sign of what becomes 0. */
export function roundHalfUp(x: Value): Value {
  const below = floor(x);
  const isUpper = is(sub(x, below), "ge", 0.5);
  return copysign(select(isUpper, add(below, like(1, x)), below), x);
}

/** Every integer and bool is finite. */
export function finite(x: Value): Value {
  return isFloat(dtypeOf(x)) ? isFiniteFloat(x) : compare(x, x, "eq");
}

export function notANumber(x: Value): Value {
  return isFloat(dtypeOf(x)) ? isNan(x) : compare(x, x, "ne");
}

export function isInf(x: Value): Value {
  return isFloat(dtypeOf(x)) ? is(abs(x), "eq", Infinity) : compare(x, x, "ne");
}

/**
 * An integer is whole already.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function whole(round: (x: Value) => Value): (x: Value) => Value {
  return (x) => (dtypes[dtypeOf(x)].kind === "integer" ? x : round(x));
}
