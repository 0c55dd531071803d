// The error function and the gamma function with its derivatives, element by element.

import { isSafeInteger, kernel, type Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { emit1 } from "../base/define.ts";
import { fromKernel, ofReal, unary } from "../base/scalar.ts";
import { withSingle } from "../base/single.ts";
import { mul, neg } from "./arithmetic.ts";
import { exp } from "./exponential.ts";
import * as kernels from "./kernels/index.ts";

export const erf = unary(() => erfOp);
export const erfc = unary(() => erfcOp);
export const erfinv = unary(() => erfinvOp);
export const lgamma = unary(() => lgammaOp);
export const digamma = unary(() => digammaOp);

/** The derivative of `digamma` of a whole order. */
export function polygamma(x: Value, order: number): Value {
  return emit1(polygammaOp, [x], { attributes: { order } });
}

const digammaKernel = kernel("digamma", kernels.digamma);
const polygammaKernel = kernel("polygamma", kernels.polygamma);

export const erfOp = ofReal({
  name: "erf",
  summary: "The error function.",
  scalar: withSingle("erf", fromKernel(kernel("erf", kernels.erf))),
  partials: ([x]) => [mul(constantLike(2 / Math.sqrt(Math.PI), x), exp(neg(mul(x, x))))],
  semantics: "2/√π ∫₀ˣ exp(-t²) dt; ±0 is kept, ±1 at ±∞.",
  example: { dtype: "f64", run: "@main(inf) == 1" },
});

export const erfcOp = ofReal({
  name: "erfc",
  summary: "The complementary error function.",
  scalar: withSingle("erfc", fromKernel(kernel("erfc", kernels.erfc))),
  partials: ([x]) => [mul(constantLike(-2 / Math.sqrt(Math.PI), x), exp(neg(mul(x, x))))],
  semantics: "1 - erf(x) = 2/√π ∫ₓ^∞ exp(-t²) dt, accurate also where it is next to 0; 0 at ∞, 2 at -∞.",
  example: { dtype: "f64", run: "@main(0) == 1" },
});

export const erfinvOp = ofReal({
  name: "erfinv",
  summary: "The inverse of the error function.",
  scalar: withSingle("erfinv", fromKernel(kernel("erfinv", kernels.erfinv))),
  partials: (_operands, x) => [mul(constantLike(Math.sqrt(Math.PI) / 2, x), exp(mul(x, x)))],
  semantics: "The x with erf(x) = y; ±0 is kept, ±∞ at ±1, NaN beyond. The derivative is √π/2 exp(x²), ∞ at ±1.",
  example: { dtype: "f64", run: "@main(1) == inf" },
});

export const lgammaOp = ofReal({
  name: "lgamma",
  summary: "The logarithm of the size of the gamma function.",
  scalar: fromKernel(kernel("lgamma", kernels.lgamma)),
  partials: ([x]) => [digamma(x)],
  semantics: "log |Γ(x)|; ∞ at 0, -1, -2, … and at ±∞.",
  example: { dtype: "f64", run: "@main(1) == 0" },
});

export const digammaOp = ofReal({
  name: "digamma",
  summary: "The derivative of the logarithm of the gamma function.",
  scalar: fromKernel(digammaKernel),
  partials: ([x]) => [polygamma(x, 1)],
  semantics: "ψ(x) = d/dx log Γ(x); NaN at 0, -1, -2, … and at -∞, ∞ at ∞.",
  example: { dtype: "f64", run: "@main(1) ~= -0.5772156649015329" },
});

export const polygammaOp = ofReal({
  name: "polygamma",
  summary: "A derivative of the digamma function.",
  attributes: { order: { kind: "integer", summary: "how often digamma is differentiated, from 0" } },
  require(x) {
    const { order } = x.attributes;
    const isOrder = isSafeInteger(order) && order >= 0;
    if (!isOrder) x.fail("attribute", `the order is ${order}, expected a whole number from 0`);
  },
  scalar: {
    compute: ([x], { attributes: { order } }) =>
      order === 0 ? digammaKernel.compute(x) : polygammaKernel.compute(Number(order), x),
    spell: ([x], { attributes: { order }, nameOf }) =>
      order === 0 ? `${nameOf(digammaKernel)}(${x})` : `${nameOf(polygammaKernel)}(${Number(order)}, ${x})`,
  },
  partials: ([x], _result, { attributes: { order } }) => [polygamma(x, Number(order) + 1)],
  semantics:
    "ψ⁽ⁿ⁾(x) of order n, digamma itself for n = 0; at 0, -1, -2, … ∞ for odd n, NaN for even n; 0 at ∞ for n ≥ 1.",
  example: { dtype: "f64", attributes: "order = 1", run: "@main(1) ~= 1.6449340668482264" },
});
