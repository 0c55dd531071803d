// What functions of f32 are written in: arithmetic of values and numbers, in f32 or in f64 as the values are.

import type { Value } from "../../../ir/index.ts";
import { constantLike } from "../../base/constant.ts";
import { cast, compare, type Direction } from "../../base/elementwise.ts";
import type { Binary } from "../../base/scalar.ts";
import { select } from "../../base/select.ts";
import { add, div, mul, sub } from "../arithmetic.ts";
import { bitcast, shiftLeft } from "../bits.ts";

type Terms = [x: Value, y: Value | number] | [x: number, y: Value];

function termOf(x: Value | number, like: Value | number): Value {
  return typeof x === "number" ? constantLike(x, like as Value) : x;
}

/** @__NO_SIDE_EFFECTS__ */
function ofTerms(f: Binary): (...terms: Terms) => Value {
  return (x, y) => f(termOf(x, y), termOf(y, x));
}

export const plus = ofTerms(add);
export const minus = ofTerms(sub);
export const times = ofTerms(mul);
export const over = ofTerms(div);

export function is(x: Value, direction: Direction, y: Value | number): Value {
  return compare(x, termOf(y, x), direction);
}

export function where(holds: Value, ...[x, y]: Terms): Value {
  return select(holds, termOf(x, y), termOf(y, x));
}

export function square(x: Value): Value {
  return mul(x, x);
}

/** c₀·xⁿ + c₁·xⁿ⁻¹ + … + cₙ, by Horner. */
export function polynomial(x: Value, [first, second, ...others]: readonly number[]): Value {
  return others.reduce((sum, c) => plus(times(sum, x), c), plus(times(first, x), second));
}

/** x kept between -most and most; NaN stays. */
export function bounded(x: Value, most: number): Value {
  return where(is(x, "gt", most), most, where(is(x, "lt", -most), -most, x));
}

export function wide(x: Value): Value {
  return cast(x, "f64");
}

export function narrow(x: Value): Value {
  return cast(x, "f32");
}

/** 2ⁿ as f32, for the exponent of a normal number. */
export function powerOf2(n: Value): Value {
  return bitcast(shiftLeft(plus(n, 127), constantLike(23, n)), "f32");
}
