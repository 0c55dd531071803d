// Functions of angles, of the circle and of the hyperbola, element by element.

import type { Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { elementwise } from "../base/elementwise.ts";
import { binary, fromMath, fromMath2, ofReal, unary } from "../base/scalar.ts";
import { withSingle } from "../base/single.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { frozenLength, hypot, ratio, rsqrt } from "./exponential.ts";
import { inverse, sqrt } from "./roots.ts";

export const sin = unary(() => sinOp);
export const cos = unary(() => cosOp);
export const tan = unary(() => tanOp);
export const asin = unary(() => asinOp);
export const acos = unary(() => acosOp);
export const atan = unary(() => atanOp);
export const atan2 = binary(() => atan2Op);
export const sinh = unary(() => sinhOp);
export const cosh = unary(() => coshOp);
export const tanh = unary(() => tanhOp);
export const asinh = unary(() => asinhOp);
export const acosh = unary(() => acoshOp);
export const atanh = unary(() => atanhOp);

const one = (like: Value): Value => constantLike(1, like);
const square = (x: Value): Value => mul(x, x);

/** 1 - x², as (1 - x)(1 + x): no digits are lost near ±1. */
function oneLessSquare(x: Value): Value {
  return mul(sub(one(x), x), add(one(x), x));
}

/** x / h², where h may be as large or small as x. */
function overSquare(x: Value, h: Value): Value {
  return ratio(ratio(x, h), h);
}

/**
 * The tangent of the angle of (x, y), as (x · dy - y · dx) / (x² + y²) of both divided by their length, which counts as a
 * constant: nothing overflows, and derivatives of any order repeat the one quotient. They are 0 at the origin.
 */
function angleTangent([y, x]: readonly Value[], _: Value, [dy, dx]: readonly (Value | null)[]): Value | null {
  const { length, oneAtOrigin } = frozenLength(hypot(x, y));
  const [u, v] = [div(x, length), div(y, length)];
  const turn = dx === null ? null : mul(v, div(dx, length));
  const rise = dy === null ? null : mul(u, div(dy, length));
  if (turn === null && rise === null) return null;
  const area = rise === null ? neg(turn as Value) : turn === null ? rise : sub(rise, turn);
  return div(area, add(add(square(u), square(v)), oneAtOrigin));
}

export const sinOp = ofReal({
  name: "sin",
  summary: "Sine of an angle in radians.",
  scalar: withSingle("sin", fromMath("sin")),
  partials: ([x]) => [cos(x)],
  semantics: "sin x; NaN at ±∞.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const cosOp = ofReal({
  name: "cos",
  summary: "Cosine of an angle in radians.",
  scalar: withSingle("cos", fromMath("cos")),
  partials: ([x]) => [neg(sin(x))],
  semantics: "cos x; NaN at ±∞.",
  example: { dtype: "f64", run: "@main(0) == 1" },
});

export const tanOp = ofReal({
  name: "tan",
  summary: "Tangent of an angle in radians.",
  scalar: withSingle("tan", fromMath("tan")),
  partials: (_operands, t) => [add(one(t), square(t))],
  semantics: "tan x; ±0 is kept, NaN at ±∞.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const asinOp = ofReal({
  name: "asin",
  summary: "The angle with a given sine.",
  scalar: withSingle("asin", fromMath("asin")),
  partials: ([x]) => [rsqrt(oneLessSquare(x))],
  semantics: "asin x, from -π/2 to π/2; ±0 is kept, NaN outside -1 to 1. The derivative is ∞ at ±1.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const acosOp = ofReal({
  name: "acos",
  summary: "The angle with a given cosine.",
  scalar: withSingle("acos", fromMath("acos")),
  partials: ([x]) => [neg(rsqrt(oneLessSquare(x)))],
  semantics: "acos x, from 0 to π; NaN outside -1 to 1. The derivative is -∞ at ±1.",
  example: { dtype: "f64", run: "@main(1) == 0" },
});

export const atanOp = ofReal({
  name: "atan",
  summary: "The angle with a given tangent.",
  scalar: withSingle("atan", fromMath("atan")),
  ...inverse((x) => add(one(x), square(x))),
  semantics: "atan x, from -π/2 to π/2; ±0 is kept, ±π/2 at ±∞.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const atan2Op = elementwise({
  name: "atan2",
  summary: "The angle of the point (x, y).",
  operands: ["y", "x"],
  dtypes: "float",
  scalar: withSingle("atan2", fromMath2("atan2")),
  partials: ([y, x]) => {
    const h = hypot(x, y);
    return [overSquare(x, h), neg(overSquare(y, h))];
  },
  tangent: angleTangent,
  semantics:
    "The angle from the positive x-axis to the point (x, y), from -π to π; the signs of zeros choose the side, as in IEEE 754. The derivatives at the origin are 0, and NaN where a coordinate is infinite.",
  example: { dtype: "f64", run: "@main(0, 1) == 0" },
});

export const sinhOp = ofReal({
  name: "sinh",
  summary: "Hyperbolic sine.",
  scalar: withSingle("sinh", fromMath("sinh")),
  partials: ([x]) => [cosh(x)],
  semantics: "sinh x; ±0 and ±∞ are kept.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const coshOp = ofReal({
  name: "cosh",
  summary: "Hyperbolic cosine.",
  scalar: withSingle("cosh", fromMath("cosh")),
  partials: ([x]) => [sinh(x)],
  semantics: "cosh x; ∞ at ±∞.",
  example: { dtype: "f64", run: "@main(0) == 1" },
});

export const tanhOp = ofReal({
  name: "tanh",
  summary: "Hyperbolic tangent.",
  scalar: withSingle("tanh", fromMath("tanh")),
  partials: (_operands, t) => [sub(one(t), square(t))],
  semantics: "tanh x; ±0 is kept, ±1 at ±∞.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const asinhOp = ofReal({
  name: "asinh",
  summary: "Inverse hyperbolic sine.",
  scalar: withSingle("asinh", fromMath("asinh")),
  ...inverse((x) => hypot(one(x), x)),
  semantics: "asinh x; ±0 and ±∞ are kept.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const acoshOp = ofReal({
  name: "acosh",
  summary: "Inverse hyperbolic cosine.",
  scalar: withSingle("acosh", fromMath("acosh")),
  ...inverse((x) => mul(sqrt(sub(x, one(x))), sqrt(add(x, one(x))))),
  semantics: "acosh x, from 0; NaN below 1. The derivative is ∞ at 1.",
  example: { dtype: "f64", run: "@main(1) == 0" },
});

export const atanhOp = ofReal({
  name: "atanh",
  summary: "Inverse hyperbolic tangent.",
  scalar: withSingle("atanh", fromMath("atanh")),
  ...inverse(oneLessSquare),
  semantics: "atanh x; ±0 is kept, ±∞ at ±1, NaN beyond.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});
