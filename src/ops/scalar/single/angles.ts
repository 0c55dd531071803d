// Inverse functions of sine, cosine and tangent of f32.

import type { SingleFunction, Value } from "../../../ir/index.ts";
import { constantLike } from "../../base/constant.ts";
import { and, bitcast } from "../bits.ts";
import { sqrt } from "../roots.ts";
import { abs, copysign } from "../rounding.ts";
import { is, minus, narrow, over, plus, polynomial, square, times, where, wide } from "./terms.ts";

/** (asin s / s - 1) / s² of s² = z up to ¼, error of the angle 2e-11. */
const asinPolynomial = [
  0.034692858142444945, 0.007469208014384265, 0.024618340347921423, 0.030110255452242166, 0.04466016341149979,
  0.07499948156217293, 0.16666667189839565,
];

/** asin a for a up to ½, above that asin √((1 - a) / 2), which is half of acos a. */
function asinPart(a: Value, isLarge: Value): Value {
  const z = where(isLarge, times(minus(1, a), 0.5), square(a));
  const s = where(isLarge, sqrt(z), a);
  return times(s, plus(times(z, polynomial(z, asinPolynomial)), 1));
}

export const asin: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const a = wide(abs(x));
    const isLarge = is(a, "gt", 0.5);
    const part = asinPart(a, isLarge);
    return copysign(narrow(where(isLarge, minus(Math.PI / 2, plus(part, part)), part)), x);
  },
};

export const acos: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const a = wide(abs(x));
    const isLarge = is(a, "gt", 0.5);
    const part = asinPart(a, isLarge);
    const size = where(isLarge, plus(part, part), minus(Math.PI / 2, part));
    return narrow(where(is(x, "lt", 0), minus(Math.PI, size), size));
  },
};

/** (atan t / t - 1) / t² of t² = z for t up to tan π/8, error of the angle 3e-11. */
const atanPolynomial = [
  0.047461215183213785, -0.08477410356270225, 0.11044923781068963, -0.1428202908168713, 0.1999990475878329,
  -0.3333333251010823,
];

/** The angle of a point from the x-axis, from 0 to π/4, of `y` up to `x`: from π/8 on, by that from the diagonal. */
function octant(y: Value, x: Value): Value {
  const isHigh = is(y, "gt", times(x, Math.SQRT2 - 1));
  const t = over(where(isHigh, minus(y, x), y), where(isHigh, plus(y, x), x));
  const z = square(t);
  return plus(
    times(t, plus(times(z, polynomial(z, atanPolynomial)), 1)),
    where(isHigh, constantLike(Math.PI / 4, t), 0),
  );
}

/** The angle of a point from the x-axis, from 0 to π/2. */
function quadrant(y: Value, x: Value): Value {
  const isSteep = is(y, "gt", x);
  const angle = octant(where(isSteep, x, y), where(isSteep, y, x));
  return where(isSteep, minus(Math.PI / 2, angle), angle);
}

export const atan: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const a = wide(abs(x));
    // 1/∞ would do but for what it is compared with: the tangent of no other angle is as large
    const finite = where(is(a, "gt", 1e40), 1e40, a);
    return copysign(narrow(quadrant(finite, constantLike(1, a))), x);
  },
};

export const atan2: SingleFunction = {
  ulps: 0.51,
  expand(y, x) {
    const [rise, run] = [wide(abs(y)), wide(abs(x))];
    const bothInfinite = and(is(rise, "eq", Infinity), is(run, "eq", Infinity));
    const bothZero = and(is(rise, "eq", 0), is(run, "eq", 0));
    // an infinite number is as good as a finite one that no f32 reaches; so is 1, where both are alike
    const height = where(bothInfinite, 1, where(is(rise, "eq", Infinity), 1e150, rise));
    const width = where(bothInfinite, 1, where(bothZero, 1, where(is(run, "eq", Infinity), 1e150, run)));
    const angle = quadrant(height, width);
    const isLeft = is(bitcast(x, "i32"), "lt", 0);
    return copysign(narrow(where(isLeft, minus(Math.PI, angle), angle)), y);
  },
};
