// Roots, exponentials and logarithms, element by element.

import { kernel, type Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { compare, elementwise } from "../base/elementwise.ts";
import { binary, fromKernel, fromMath, fromMath2, ofReal, unary } from "../base/scalar.ts";
import { select } from "../base/select.ts";
import { withSingle } from "../base/single.ts";
import { stopGradient } from "../base/stop-gradient.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import * as kernels from "./kernels/index.ts";
import { inverse } from "./roots.ts";

export const exp = unary(() => expOp);
export const exp2 = unary(() => exp2Op);
export const expm1 = unary(() => expm1Op);
export const log = unary(() => logOp);
export const log2 = unary(() => log2Op);
export const log10 = unary(() => log10Op);
export const log1p = unary(() => log1pOp);
export const logistic = unary(() => logisticOp);
export const rsqrt = unary(() => rsqrtOp);
export const cbrt = unary(() => cbrtOp);
export const hypot = binary(() => hypotOp);

function isZero(x: Value): Value {
  return compare(x, constantLike(0, x), "eq");
}

/** The share of one leg in the hypotenuse, 0 at the origin. */
export function ratio(x: Value, hypotenuse: Value): Value {
  return select(isZero(hypotenuse), constantLike(0, x), div(x, hypotenuse));
}

/**
 * A length as a constant to divide by, which counts as infinite at the origin, and a number that is 1 there and else 0: added
 * to a denominator, it makes what is divided there 0 rather than NaN, in derivatives of any order.
 */
export function frozenLength(hypotenuse: Value): { readonly length: Value; readonly oneAtOrigin: Value } {
  const h = stopGradient(hypotenuse);
  return {
    length: select(isZero(h), constantLike(Infinity, h), h),
    oneAtOrigin: select(isZero(h), constantLike(1, h), constantLike(0, h)),
  };
}

/**
 * The tangent of h = √(x² + y²) where both operands have one: (x · dx + y · dy) / h, all divided by a length that counts as a
 * constant, lest a square overflows. Derivatives of any order repeat the one quotient.
 */
function lengthTangent([x, y]: readonly Value[], h: Value, [dx, dy]: readonly (Value | null)[]): Value | null {
  if (dx === null || dy === null) return null;
  const { length, oneAtOrigin } = frozenLength(h);
  const along = add(mul(div(x, length), dx), mul(div(y, length), dy));
  return div(along, add(div(h, length), oneAtOrigin));
}

export const expOp = ofReal({
  name: "exp",
  summary: "e to the power x.",
  scalar: withSingle("exp", fromMath("exp")),
  partials: (_operands, result) => [result],
  semantics: "eˣ; 0 at -∞, ∞ at ∞.",
  example: { dtype: "f64", run: "@main(0) == 1" },
});

export const exp2Op = ofReal({
  name: "exp2",
  summary: "2 to the power x.",
  scalar: withSingle("exp2", fromKernel(kernel("exp2", kernels.exp2))),
  partials: (_operands, result) => [mul(result, constantLike(Math.LN2, result))],
  semantics: "2ˣ, exact where x is whole; 0 at -∞, ∞ at ∞.",
  example: { dtype: "f64", run: "@main(10) == 1024" },
});

export const expm1Op = ofReal({
  name: "expm1",
  summary: "e to the power x, less 1.",
  scalar: withSingle("expm1", fromMath("expm1")),
  partials: ([x]) => [exp(x)],
  semantics: "eˣ - 1, accurate near 0; ±0 is kept, -1 at -∞.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const logOp = ofReal({
  name: "log",
  summary: "The natural logarithm.",
  scalar: withSingle("log", fromMath("log")),
  ...inverse((x) => x),
  semantics: "log x; -∞ at ±0, NaN below 0.",
  example: { dtype: "f64", run: "@main(1) == 0" },
});

export const log2Op = ofReal({
  name: "log2",
  summary: "The logarithm to base 2.",
  scalar: withSingle("log2", fromMath("log2")),
  ...inverse((x) => x, 1 / Math.LN2),
  semantics: "log₂ x; -∞ at ±0, NaN below 0.",
  example: { dtype: "f64", run: "@main(8) == 3" },
});

export const log10Op = ofReal({
  name: "log10",
  summary: "The logarithm to base 10.",
  scalar: withSingle("log10", fromMath("log10")),
  ...inverse((x) => x, 1 / Math.LN10),
  semantics: "log₁₀ x; -∞ at ±0, NaN below 0.",
  example: { dtype: "f64", run: "@main(1000) ~= 3" },
});

export const log1pOp = ofReal({
  name: "log1p",
  summary: "The natural logarithm of 1 + x.",
  scalar: withSingle("log1p", fromMath("log1p")),
  ...inverse((x) => add(constantLike(1, x), x)),
  semantics: "log(1 + x), accurate near 0; ±0 is kept, -∞ at -1, NaN below.",
  example: { dtype: "f64", run: "@main(0) == 0" },
});

export const logisticOp = ofReal({
  name: "logistic",
  summary: "The logistic sigmoid.",
  scalar: withSingle("logistic", fromKernel(kernel("logistic", kernels.logistic))),
  partials: (_operands, s) => [mul(s, sub(constantLike(1, s), s))],
  semantics: "1 / (1 + e⁻ˣ), accurate in both tails; 0 at -∞, 1 at ∞.",
  example: { dtype: "f64", run: "@main(0) == 0.5" },
});

export const rsqrtOp = ofReal({
  name: "rsqrt",
  summary: "The reciprocal of the square root.",
  scalar: withSingle("rsqrt", fromKernel(kernel("rsqrt", kernels.rsqrt))),
  partials: ([x], result) => [mul(constantLike(-0.5, x), div(result, x))],
  semantics: "1 / √x; ±∞ at ±0, 0 at ∞, NaN below 0.",
  example: { dtype: "f64", run: "@main(4) == 0.5" },
});

export const cbrtOp = ofReal({
  name: "cbrt",
  summary: "The cube root.",
  scalar: withSingle("cbrt", fromMath("cbrt")),
  ...inverse((_, r) => mul(r, r), 1 / 3),
  semantics: "∛x with the sign of x; ±0 and ±∞ are kept. The derivative is ∞ at 0.",
  example: { dtype: "f64", run: "@main(-27) == -3" },
});

export const hypotOp = elementwise({
  name: "hypot",
  summary: "The length of a vector with two components.",
  operands: ["x", "y"],
  dtypes: "float",
  scalar: withSingle("hypot", fromMath2("hypot")),
  partials: ([x, y], result) => [ratio(x, result), ratio(y, result)],
  tangent: lengthTangent,
  semantics:
    "√(x² + y²) without overflow on the way; ∞ if either is infinite, even beside a NaN. The derivatives at the origin are 0.",
  example: { dtype: "f64", run: "@main(3, 4) == 5" },
});
