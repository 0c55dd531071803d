// Powers of two numbers, element by element, and their derivatives to the base: one op for all orders, so that they close.

import { type DType, dtypes, isFloat, type Kernel, kernel, type Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { emit1 } from "../base/define.ts";
import { compare, elementwise } from "../base/elementwise.ts";
import { binary } from "../base/scalar.ts";
import { select } from "../base/select.ts";
import { withSingle } from "../base/single.ts";
import { stopGradient } from "../base/stop-gradient.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { and, or } from "./bits.ts";
import { log } from "./exponential.ts";
import * as kernels from "./kernels/index.ts";

export const pow = binary(() => powOp);

/** The derivative of `pow` to the base, of a whole order. */
export function powDerivative(x: Value, y: Value, order: number): Value {
  return order === 0 ? pow(x, y) : emit1(powDerivativeOp, [x, y], { attributes: { order } });
}

const powKernel = kernel("pow", kernels.pow);
const powI32Kernel = kernel("powI32", kernels.powI32);
const powU32Kernel = kernel("powU32", kernels.powU32);
const powDerivativeKernel = kernel("powDerivative", kernels.powDerivative);

function isZero(x: Value): Value {
  return compare(x, constantLike(0, x), "eq");
}

/** x^y · log x. Where x^y is 0 it is 0, though the logarithm may be infinite; at 0^0 too. */
function powByExponent(x: Value, y: Value, result: Value): Value {
  const isFlat = or(isZero(result), and(isZero(x), isZero(y)));
  return select(isFlat, constantLike(0, x), mul(result, log(x)));
}

/**
 * The derivative of r = x^y where both operands have one: r · (dy · log x + y · dx / x), which repeats for higher orders.
 * Where x or r is 0 that has no digits, and the derivative is that to the base, of every order.
 */
function powerTangent([x, y]: readonly Value[], r: Value, [dx, dy]: readonly (Value | null)[]): Value | null {
  if (dx === null || dy === null) return null;
  const byBase = mul(powDerivative(x, stopGradient(y), 1), dx);
  const change = add(mul(dy, log(x)), div(mul(y, dx), x));
  return select(or(isZero(r), isZero(x)), byBase, mul(r, change));
}

/**
 * The derivative of Dₙ = `powDerivative` of order n to the exponent, from Dₙ(x, y) = y · Dₙ₋₁(x, y - 1). Where base and Dₙ
 * are 0 it is 0, as that of the power.
 */
function derivativeByExponent(x: Value, y: Value, result: Value, order: number): Value {
  const isFlat = and(isZero(x), isZero(result));
  return select(isFlat, constantLike(0, x), byExponent(x, y, order));
}

function byExponent(x: Value, y: Value, order: number): Value {
  if (order === 0) return powByExponent(x, y, pow(x, y));
  const less = sub(y, constantLike(1, y));
  return add(powDerivative(x, less, order - 1), mul(y, byExponent(x, less, order - 1)));
}

export const powOp = elementwise({
  name: "pow",
  summary: "x to the power y.",
  operands: ["x", "y"],
  dtypes: "stored",
  scalar: withSingle("pow", {
    compute: ([x, y], { dtype }) => powerOf(dtype).compute(x, y),
    spell: ([x, y], { dtype, nameOf }) => `${nameOf(powerOf(dtype))}(${x}, ${y})`,
    double: powerOf("f64").compute,
  }),
  partials: ([x, y], result) => [powDerivative(x, y, 1), powByExponent(x, y, result)],
  tangent: powerTangent,
  semantics:
    "xʸ as ECMAScript's Math.pow: 1 where y is 0, NaN where x is ±1 and y ±∞; x·x where y is 2. Integers wrap; a negative y gives 1/x^|y| truncated, 0 where x is 0. The derivative to x is 0 where y is 0; the derivative to y is 0 where the power is 0 and at 0⁰, NaN for other x below 0.",
  example: { dtype: "f64", run: "@main(2, 10) == 1024" },
});

export const powDerivativeOp = elementwise({
  name: "pow_derivative",
  summary: "A derivative of x to the power y with respect to x.",
  operands: ["x", "y"],
  dtypes: "float",
  attributes: { order: { kind: "integer", summary: "how often the power is differentiated, from 0" } },
  require(cx) {
    const { order } = cx.attributes;
    const isOrder = Number.isSafeInteger(order) && order >= 0;
    if (!isOrder) cx.fail("attribute", `the order is ${order}, expected a whole number from 0`);
  },
  scalar: {
    compute: ([x, y], { dtype, attributes: { order } }) => powDerivativeKernel.compute(order, bitsOf(dtype), x, y),
    spell: ([x, y], { dtype, attributes: { order }, nameOf }) =>
      `${nameOf(powDerivativeKernel)}(${order}, ${bitsOf(dtype)}, ${x}, ${y})`,
  },
  partials: ([x, y], result, { attributes: { order } }) => [
    powDerivative(x, y, order + 1),
    derivativeByExponent(x, y, result, order),
  ],
  semantics:
    "y · (y - 1) ⋯ (y - n + 1) · xʸ⁻ⁿ of order n, the power itself for n = 0: 0 where a factor is 0, also where the power is infinite, and where the power is 0, also where y is infinite. The product of the factors, the exponent and the power are each rounded to the dtype.",
  example: { dtype: "f64", attributes: "order = 2", run: "@main(5, 3) == 30" },
});

function powerOf(dtype: DType): Kernel {
  return isFloat(dtype) ? powKernel : dtype === "i32" ? powI32Kernel : powU32Kernel;
}

function bitsOf(dtype: DType): number {
  return dtypes[dtype].bytes * 8;
}
