// Elementwise functions that are no ops of their own, written in ops on Values.

import { type DType, dtypes, elementDType, isFloat, scalar, type Value } from "../ir/index.ts";
import * as ops from "../ops/index.ts";

function dtypeOf(x: Value): DType {
  return elementDType(x.type) ?? "f64";
}

/** A constant beside `x`; of rank 0 where the rank of `x` is not known, to broadcast. */
function like(value: number, x: Value): Value {
  return x.type.kind === "unranked" ? ops.constant(value, scalar(x.type.dtype)) : ops.constantLike(value, x);
}

function is(x: Value, direction: ops.Direction, value: number): Value {
  return ops.compare(x, like(value, x), direction);
}

export function square(x: Value): Value {
  return ops.mul(x, x);
}

export function reciprocal(x: Value): Value {
  return ops.div(like(1, x), x);
}

export function sec(x: Value): Value {
  return reciprocal(ops.cos(x));
}

export function csc(x: Value): Value {
  return reciprocal(ops.sin(x));
}

export function cot(x: Value): Value {
  return reciprocal(ops.tan(x));
}

/** Whether the divisor's sign differs from that of a remainder that is not 0. */
function isAcross(remainder: Value, y: Value): Value {
  return ops.and(is(remainder, "ne", 0), ops.xor(is(remainder, "lt", 0), is(y, "lt", 0)));
}

/** -0 becomes 0; the derivative is 1. */
function withoutNegativeZero(x: Value): Value {
  return ops.add(x, like(0, x));
}

/** x - y·floor(x / y), with the sign of y. */
export function remainder(x: Value, y: Value): Value {
  const r = ops.rem(x, y);
  if (!isSigned(dtypeOf(x))) return r;
  const moved = ops.add(r, y);
  if (!isFloat(dtypeOf(x))) return ops.select(isAcross(r, y), moved, r);
  const negative = ops.neg(withoutNegativeZero(ops.neg(r)));
  const zeroed = ops.select(is(y, "lt", 0), negative, withoutNegativeZero(r));
  return ops.select(isAcross(r, y), moved, zeroed);
}

/** The whole number q with x = q·y + remainder(x, y), from the remainder, so that a rounded quotient does not mislead. */
export function floorDivide(x: Value, y: Value): Value {
  if (!isSigned(dtypeOf(x))) return ops.div(x, y);
  const r = ops.rem(x, y);
  const lower = (q: Value): Value => ops.select(isAcross(r, y), ops.sub(q, like(1, q)), q);
  return isFloat(dtypeOf(x)) ? floorOfFloats(ops.stopGradient(x), ops.stopGradient(y)) : lower(ops.div(x, y));
}

/** A step function: its derivative is 0, at the jumps too. */
function floorOfFloats(x: Value, y: Value): Value {
  const r = ops.rem(x, y);
  const quotient = ops.div(x, y);
  const truncated = ops.round(ops.div(ops.sub(x, r), y));
  const floor = ops.select(isAcross(r, y), ops.sub(truncated, like(1, x)), truncated);
  const signed = ops.select(is(floor, "eq", 0), ops.copysign(like(0, x), quotient), floor);
  return ops.select(is(y, "eq", 0), quotient, signed);
}

function isSigned(dtype: DType): boolean {
  return dtypes[dtype].min < 0;
}

/**
 * log(eˣ + eʸ) as the larger one and a correction. Where they are equal either formula has all the derivatives; equal
 * infinities are their own sum.
 */
export function logaddexp(x: Value, y: Value): Value {
  const isFirst = ops.compare(x, y, "ge");
  const high = ops.select(isFirst, x, y);
  const low = ops.select(isFirst, y, x);
  const sum = ops.add(high, ops.log1p(ops.exp(ops.sub(low, high))));
  const isInfinite = ops.and(ops.compare(low, high, "eq"), ops.not(ops.isFinite(high)));
  return ops.select(isInfinite, high, sum);
}

/** Whether the sign bit is set: true for -0; a NaN counts as positive. */
export function signbit(x: Value): Value {
  return is(isFloat(dtypeOf(x)) ? ops.copysign(like(1, x), x) : x, "lt", 0);
}

/** The nearest whole number, the larger one of two, as Math.round; -0 is kept, and the sign of what becomes 0. */
export function roundHalfUp(x: Value): Value {
  const floor = ops.floor(x);
  const isUpper = is(ops.sub(x, floor), "ge", 0.5);
  return ops.copysign(ops.select(isUpper, ops.add(floor, like(1, x)), floor), x);
}

/** Every integer and bool is finite. */
export function finite(x: Value): Value {
  return isFloat(dtypeOf(x)) ? ops.isFinite(x) : ops.compare(x, x, "eq");
}

export function notANumber(x: Value): Value {
  return isFloat(dtypeOf(x)) ? ops.isNan(x) : ops.compare(x, x, "ne");
}

export function isInf(x: Value): Value {
  return isFloat(dtypeOf(x)) ? is(ops.abs(x), "eq", Infinity) : ops.compare(x, x, "ne");
}

/** An integer is whole already. */
export function whole(round: (x: Value) => Value): (x: Value) => Value {
  return (x) => (dtypes[dtypeOf(x)].kind === "integer" ? x : round(x));
}
