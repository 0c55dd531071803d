// Activations: functions of one number, element by element. Where a formula changes, the branch not taken is fed a value
// that it can take: an infinite derivative there would become NaN under a cotangent 0.

import { composite, type Operand, type Tensor, type Unary, type UnaryWith } from "../frontend/index.ts";
import { fail, requireOptions } from "../ir/index.ts";
import {
  abs,
  add,
  div,
  erf,
  exp,
  expm1,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logaddexp,
  logistic,
  mul,
  neg,
  sign,
  sub,
  tanh,
  where,
} from "./array/index.ts";

/**
 * A function of one number under its name.
 */
function activation(name: string, body: (x: Operand) => Tensor): Unary;
function activation<Options>(name: string, body: (x: Operand, options?: Options) => Tensor): UnaryWith<Options>;
/** @__NO_SIDE_EFFECTS__ */
function activation(name: string, body: (x: Operand) => Tensor): (x: Operand) => Tensor {
  return composite(name, body);
}

/** max(x, 0); the derivative at 0 is 0. @example relu(tensor([-1, 2])) // [0, 2] */
export const relu: Unary = activation("relu", (x: Operand) => where(lessEqual(x, 0), 0, x));

/** x kept between 0 and 6; the derivative at both is 0. @example relu6(tensor([-1, 2, 7])) // [0, 2, 6] */
export const relu6: Unary = activation("relu6", (x: Operand) => between(x, 0, 6));

function between(x: Operand, low: number, high: number): Tensor {
  return where(lessEqual(x, low), low, where(greaterEqual(x, high), high, x));
}

export interface SlopeOptions {
  /** The factor below 0; 0.01 where left out. */
  readonly negativeSlope?: number;
}

/** x above 0, `negativeSlope` · x elsewhere. @example leakyRelu(tensor([-2, 2]), { negativeSlope: 0.5 }) // [-1, 2] */
export const leakyRelu: UnaryWith<SlopeOptions> = activation(
  "leakyRelu",
  (x: Operand, options: SlopeOptions = {}): Tensor => {
    requireOptions("leakyRelu", options, ["negativeSlope"]);
    return where(greater(x, 0), x, mul(x, options.negativeSlope ?? 0.01));
  },
);

/** As leakyRelu with a slope that is a tensor, which broadcasts. @example prelu(tensor([-2, 2]), tensor(0.5)) // [-1, 2] */
export const prelu = composite("prelu", (x: Operand, slope: Operand): Tensor => where(greater(x, 0), x, mul(x, slope)));

export interface AlphaOptions {
  /** The scale of the part below 0; 1 where left out. */
  readonly alpha?: number;
}

/** expm1 of x / scale where that is not positive, else 0. */
function expm1Below(x: Operand, scale = 1): Tensor {
  const low = where(greater(x, 0), 0, x);
  return expm1(scale === 1 ? low : div(low, scale));
}

/** x above 0, `alpha` · (eˣ - 1) elsewhere (Clevert et al. 2015). @example elu(tensor([0, 2])) // [0, 2] */
export const elu: UnaryWith<AlphaOptions> = activation("elu", (x: Operand, options: AlphaOptions = {}): Tensor => {
  requireOptions("elu", options, ["alpha"]);
  return where(greater(x, 0), x, mul(expm1Below(x), options.alpha ?? 1));
});

/** x above 0, `alpha` · (e^(x / alpha) - 1) elsewhere (Barron 2017). @example celu(tensor([0, 2]), { alpha: 2 }) // [0, 2] */
export const celu: UnaryWith<AlphaOptions> = activation("celu", (x: Operand, options: AlphaOptions = {}): Tensor => {
  requireOptions("celu", options, ["alpha"]);
  const { alpha = 1 } = options;
  if (alpha === 0) fail("option", "celu: option 'alpha' is 0, expected another number");
  return where(greater(x, 0), x, mul(expm1Below(x, alpha), alpha));
});

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** elu with the alpha and scale that keep mean 0 and variance 1 (Klambauer et al. 2017). @example selu(tensor([0])) // [0] */
export const selu: Unary = activation("selu", (x: Operand) =>
  mul(where(greater(x, 0), x, mul(expm1Below(x), seluAlpha)), seluScale),
);

/** 1 / (1 + e⁻ˣ): another name of logistic. @example sigmoid(tensor([0])) // [0.5] */
export const sigmoid: Unary = activation("sigmoid", (x: Operand) => logistic(x));

/** log(sigmoid(x)), accurate in both tails. @example logSigmoid(tensor([800])) // [0] */
export const logSigmoid: Unary = activation("logSigmoid", (x: Operand) => neg(logaddexp(neg(x), 0)));

export interface SoftplusOptions {
  /** How sharp the bend is; 1 where left out. */
  readonly beta?: number;
}

/** log(1 + e^(beta·x)) / beta, without overflow. @example softplus(tensor([800])) // [800] */
export const softplus: UnaryWith<SoftplusOptions> = activation(
  "softplus",
  (x: Operand, options: SoftplusOptions = {}): Tensor => {
    requireOptions("softplus", options, ["beta"]);
    const { beta = 1 } = options;
    if (beta === 0) fail("option", "softplus: option 'beta' is 0, expected another number");
    return beta === 1 ? logaddexp(x, 0) : div(logaddexp(mul(x, beta), 0), beta);
  },
);

/** x · sigmoid(x), also called swish. @example silu(tensor([0])) // [0] */
export const silu: Unary = activation("silu", (x: Operand) => mul(x, logistic(x)));

/**
 * x · tanh(softplus(x)) (Misra 2019). With e = exp(x) and w = e · (e + 2) the tanh is w / (w + 2), as accurate in both tails
 * with one exponential; from 40 on it is 1 to within 1e-34, and infinities that the exponential runs into are left out.
 *
 * @example mish(tensor([0])) // [0]
 */
export const mish: Unary = activation("mish", (x: Operand) => {
  const e = exp(x);
  const w = mul(e, add(e, 2));
  return where(less(x, 40), mul(x, div(w, add(w, 2))), x);
});

export interface GeluOptions {
  /** "tanh": the approximation of Hendrycks and Gimpel 2016, instead of the error function. */
  readonly approximate?: "none" | "tanh" | null;
}

/** x times the normal distribution function of x. @example gelu(tensor([0])) // [0] */
export const gelu: UnaryWith<GeluOptions> = activation("gelu", (x: Operand, options: GeluOptions = {}): Tensor => {
  requireOptions("gelu", options, ["approximate"]);
  const approximate = options.approximate ?? "none";
  if (approximate !== "none" && approximate !== "tanh")
    fail("option", `gelu: option 'approximate' is ${JSON.stringify(approximate)}, expected "none" or "tanh"`);
  const cubed = (): Tensor => add(x, mul(mul(mul(x, x), x), 0.044715));
  const bent = approximate === "tanh" ? tanh(mul(cubed(), Math.sqrt(2 / Math.PI))) : erf(mul(x, Math.SQRT1_2));
  return mul(mul(x, 0.5), add(bent, 1));
});

/** x / (1 + |x|). @example softsign(tensor([-1, 3])) // [-0.5, 0.75] */
export const softsign: Unary = activation("softsign", (x: Operand) => div(x, add(abs(x), 1)));

/** x - tanh(x). @example tanhshrink(tensor([0])) // [0] */
export const tanhshrink: Unary = activation("tanhshrink", (x: Operand) => sub(x, tanh(x)));

export interface ShrinkOptions {
  /** Up to which size values become 0; 0.5 where left out. */
  readonly lambda?: number;
}

/** x moved towards 0 by `lambda`, and no further. @example softshrink(tensor([-2, 0.2, 2])) // [-1.5, 0, 1.5] */
export const softshrink: UnaryWith<ShrinkOptions> = activation(
  "softshrink",
  (x: Operand, options: ShrinkOptions = {}): Tensor => {
    requireOptions("softshrink", options, ["lambda"]);
    const { lambda = 0.5 } = options;
    return where(lessEqual(abs(x), lambda), 0, sub(x, mul(sign(x), lambda)));
  },
);

/** x, or 0 where |x| <= `lambda`. @example hardshrink(tensor([-2, 0.2, 2])) // [-2, 0, 2] */
export const hardshrink: UnaryWith<ShrinkOptions> = activation(
  "hardshrink",
  (x: Operand, options: ShrinkOptions = {}): Tensor => {
    requireOptions("hardshrink", options, ["lambda"]);
    return where(lessEqual(abs(x), options.lambda ?? 0.5), 0, x);
  },
);

/** x kept between -1 and 1; the derivative at both is 0. @example hardtanh(tensor([-2, 0.5])) // [-1, 0.5] */
export const hardtanh: Unary = activation("hardtanh", (x: Operand) => between(x, -1, 1));

/** relu6(x + 3) / 6. @example hardSigmoid(tensor([-4, 0, 4])) // [0, 0.5, 1] */
export const hardSigmoid: Unary = activation("hardSigmoid", (x: Operand) => div(between(add(x, 3), 0, 6), 6));

/** x · hardSigmoid(x) (Howard et al. 2019). @example hardSwish(tensor([-4, 0, 4])) // [0, 0, 4] */
export const hardSwish: Unary = activation("hardSwish", (x: Operand) => mul(x, div(between(add(x, 3), 0, 6), 6)));

/** log(x / (1 - x)), the inverse of sigmoid. @example logit(tensor([0.5])) // [0] */
export const logit: Unary = activation("logit", (x: Operand) => log(div(x, sub(1, x))));
