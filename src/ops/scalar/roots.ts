// The square root, which every machine has, and the derivatives of inverse functions.

import type { Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import type { ElementwiseRow } from "../base/elementwise.ts";
import { fromMath, ofReal, unary } from "../base/scalar.ts";
import { div, mul } from "./arithmetic.ts";

export const sqrt = unary(() => sqrtOp);

/**
 * The derivative factor / by(x, result). Its tangent is one quotient, which repeats for higher orders: with d · by = factor ·
 * dx, a further derivative of d is a quotient by the same number.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function inverse(
  by: (x: Value, result: Value) => Value,
  factor = 1,
): Pick<ElementwiseRow, "partials" | "tangent"> {
  return {
    partials: ([x], result) => [div(constantLike(factor, x), by(x, result))],
    tangent: ([x], result, [dx]) => {
      if (dx === null) return null;
      return div(factor === 1 ? dx : mul(constantLike(factor, x), dx), by(x, result));
    },
  };
}

export const sqrtOp = ofReal({
  name: "sqrt",
  brief: true,
  summary: "The square root.",
  scalar: fromMath("sqrt"),
  ...inverse((_, result) => result, 0.5),
  semantics: "√x, correctly rounded; ±0 is kept, NaN below 0. The derivative is ∞ at 0.",
  example: { dtype: "f64", run: "@main(9) == 3" },
});
