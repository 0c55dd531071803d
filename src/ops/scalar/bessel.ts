// Modified Bessel functions of the first kind, element by element: one op for all orders, so that derivatives close.

import { isSafeInteger, type Kernel, kernel, type Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { emit1 } from "../base/define.ts";
import { ofReal } from "../base/scalar.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { besselI01, besselIn } from "./kernels/index.ts";
import { sign } from "./rounding.ts";

export interface BesselOptions {
  /** A whole number from 0. */
  readonly order: number;
  /** Times exp(-|x|), so that nothing overflows. */
  readonly scaled?: boolean;
}

/** The modified Bessel function of the first kind. */
export function besselI(x: Value, { order, scaled = false }: BesselOptions): Value {
  return emit1(besselIOp, [x], { attributes: { order, scaled } });
}

const ofFirstOrders = kernel("besselI01", besselI01);
const ofHigherOrders = kernel("besselIn", besselIn);

function kernelOf(order: number): Kernel {
  return order < 2 ? ofFirstOrders : ofHigherOrders;
}

/** I₀' = I₁, else half the sum of the neighbours (Abramowitz & Stegun 9.6.26); the scale adds -sign(x) times the value. */
function slope(x: Value, value: Value, { order, scaled }: { readonly order: number; readonly scaled: boolean }): Value {
  const next = besselI(x, { order: order + 1, scaled });
  const inner = order === 0 ? next : mul(constantLike(0.5, x), add(besselI(x, { order: order - 1, scaled }), next));
  return scaled ? sub(inner, mul(sign(x), value)) : inner;
}

export const besselIOp = ofReal({
  name: "bessel_i",
  summary: "The modified Bessel function of the first kind.",
  attributes: {
    order: { kind: "integer", summary: "a whole number from 0" },
    scaled: { kind: "boolean", default: false, summary: "times exp(-|x|)" },
  },
  require(x) {
    const { order } = x.attributes;
    const isOrder = isSafeInteger(order) && order >= 0;
    if (!isOrder) x.fail("attribute", `the order is ${order}, expected a whole number from 0`);
  },
  scalar: {
    compute: ([x], { attributes: { order, scaled } }) =>
      kernelOf(Number(order)).compute(Number(order), scaled === true ? 1 : 0, x),
    spell: ([x], { attributes: { order, scaled }, nameOf }) =>
      `${nameOf(kernelOf(Number(order)))}(${Number(order)}, ${scaled === true ? 1 : 0}, ${x})`,
  },
  partials: ([x], value, { attributes: { order, scaled } }) => [
    slope(x, value, { order: Number(order), scaled: scaled === true }),
  ],
  semantics:
    "Iₙ(x) of order n: (x/2)ⁿ Σₖ (x²/4)ᵏ / (k! (n+k)!), or exp(-|x|) Iₙ(x); of the parity of n, ∞ or 0 in size at ±∞. The scaled one has a corner at 0, where its derivative is the mean of both sides.",
  example: { dtype: "f64", attributes: "order = 0", run: "@main(0) == 1" },
});
