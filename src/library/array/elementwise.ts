// The functions of numbers users call, element by element: ops and composites, lifted to tensors that broadcast.

import {
  applyBroadcast,
  type Binary,
  binary,
  type Extent,
  type Operand,
  type OwnDType,
  type Predicate,
  predicate,
  type Shape,
  type ShapeIn,
  type Tensor,
  type Unary,
  unary,
} from "../../frontend/index.ts";
import * as ops from "../../ops/index.ts";
import { composites } from "../../ops/index.ts";

// ---- arithmetic -----------------------------------------------------------------------------------------------------

/** x + y; integers wrap. */
export const add: Binary = binary(ops.add);
/** x - y; integers wrap. */
export const sub: Binary = binary(ops.sub);
/** x · y; integers wrap. */
export const mul: Binary = binary(ops.mul);
/** x / y. Integer division truncates, and by zero gives 0. */
export const div: Binary = binary(ops.div);
/** The remainder of a division that truncates, with the sign of x, as JavaScript's `%`; of integers 0 where y is 0. */
export const rem: Binary = binary(ops.rem);
/** The remainder of a division that rounds down, with the sign of y; of integers 0 where y is 0. */
export const remainder: Binary = binary(composites.remainder);
/** x / y rounded down to a whole number; of integers 0 where y is 0. x = floorDivide(x, y) · y + remainder(x, y). */
export const floorDivide: Binary = binary(composites.floorDivide);
/** The larger of two; NaN if either is NaN; -0 is less than +0. */
export const maximum: Binary = binary(ops.maximum);
/** The smaller of two; NaN if either is NaN; -0 is less than +0. */
export const minimum: Binary = binary(ops.minimum);
/** -x; integers wrap. */
export const neg: Unary = unary(ops.neg);
/** |x|; the least i32 wraps to itself. The derivative at 0 is 0. */
export const abs: Unary = unary(ops.abs);
/** -1, 0 or 1; zeros and NaN are kept. */
export const sign: Unary = unary(ops.sign);
/** x · x. */
export const square: Unary = unary(composites.square);
/** 1 / x. */
export const reciprocal: Unary = unary(composites.reciprocal);

// ---- powers, exponentials and logarithms ----------------------------------------------------------------------------

/**
 * x to the power y, as Math.pow; x · x where y is 2.
 *
 * @example grad((x) => pow(x, 3))(2) // 12
 */
export const pow: Binary = binary(ops.pow);
/** The square root; NaN below 0. */
export const sqrt: Unary = unary(ops.sqrt);
/** 1 / √x; ±∞ at ±0, NaN below 0. */
export const rsqrt: Unary = unary(ops.rsqrt);
/** The cube root, with the sign of x. */
export const cbrt: Unary = unary(ops.cbrt);
/** √(x² + y²), without overflow on the way. */
export const hypot: Binary = binary(ops.hypot);
/** e to the power x. */
export const exp: Unary = unary(ops.exp);
/** 2 to the power x; exact where x is whole. */
export const exp2: Unary = unary(ops.exp2);
/** e to the power x, less 1; accurate near 0. */
export const expm1: Unary = unary(ops.expm1);
/** The natural logarithm; -∞ at 0, NaN below. */
export const log: Unary = unary(ops.log);
/** The logarithm to base 2. */
export const log2: Unary = unary(ops.log2);
/** The logarithm to base 10. */
export const log10: Unary = unary(ops.log10);
/** The natural logarithm of 1 + x; accurate near 0. */
export const log1p: Unary = unary(ops.log1p);
/** log(eˣ + eʸ), without overflow on the way. */
export const logaddexp: Binary = binary(composites.logaddexp);
/** The sigmoid 1 / (1 + e⁻ˣ), accurate in both tails. */
export const logistic: Unary = unary(ops.logistic);

// ---- angles and hyperbolas ------------------------------------------------------------------------------------------

/** Sine of an angle in radians. */
export const sin: Unary = unary(ops.sin);
/** Cosine of an angle in radians. */
export const cos: Unary = unary(ops.cos);
/** Tangent of an angle in radians. */
export const tan: Unary = unary(ops.tan);
/** The angle from -π/2 to π/2 with sine x; NaN outside -1 to 1. */
export const asin: Unary = unary(ops.asin);
/** The angle from 0 to π with cosine x; NaN outside -1 to 1. */
export const acos: Unary = unary(ops.acos);
/** The angle from -π/2 to π/2 with tangent x. */
export const atan: Unary = unary(ops.atan);
/** The angle from -π to π of the point (second, first): `atan2(y, x)`. */
export const atan2: Binary = binary(ops.atan2);
/** 1 / cos x. */
export const sec: Unary = unary(composites.sec);
/** 1 / sin x. */
export const csc: Unary = unary(composites.csc);
/** 1 / tan x. */
export const cot: Unary = unary(composites.cot);
/** Hyperbolic sine. */
export const sinh: Unary = unary(ops.sinh);
/** Hyperbolic cosine. */
export const cosh: Unary = unary(ops.cosh);
/** Hyperbolic tangent. */
export const tanh: Unary = unary(ops.tanh);
/** Inverse hyperbolic sine. */
export const asinh: Unary = unary(ops.asinh);
/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh: Unary = unary(ops.acosh);
/** Inverse hyperbolic tangent; NaN outside -1 to 1. */
export const atanh: Unary = unary(ops.atanh);

// ---- special functions ----------------------------------------------------------------------------------------------

/** The error function 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf: Unary = unary(ops.erf);
/**
 * The complementary error function 1 - erf(x), accurate also where it is next to 0: 0 at ∞, 2 at -∞. Floats of any shape.
 *
 * @throws AdjointError `dtype` for integers and booleans.
 * @example erfc(tensor([0, 10])) // [1, 2.088487583762545e-45]
 */
export const erfc: Unary = unary(ops.erfc);
/**
 * The x with erf(x) = y: ±∞ at ±1, NaN beyond. Floats of any shape.
 *
 * @throws AdjointError `dtype` for integers and booleans.
 * @example erfinv(tensor([0, 0.5])) // [0, 0.4769362762044699]
 */
export const erfinv: Unary = unary(ops.erfinv);
/**
 * The modified Bessel function I₀, of the first kind and order 0 (Abramowitz & Stegun 9.6). Floats of any shape.
 *
 * @throws AdjointError `dtype` for integers and booleans.
 * @example i0(tensor([0, 1])) // [1, 1.2660658777520084]
 */
export const i0: Unary = unary((x) => ops.besselI(x, { order: 0 }));
/**
 * The modified Bessel function I₁, the derivative of I₀. Floats of any shape.
 *
 * @throws AdjointError `dtype` for integers and booleans.
 * @example i1(tensor([0, 1])) // [0, 0.565159103992485]
 */
export const i1: Unary = unary((x) => ops.besselI(x, { order: 1 }));
/**
 * exp(-|x|) I₀(x), which does not overflow; its derivative at the corner at 0 is 0. Floats of any shape.
 *
 * @throws AdjointError `dtype` for integers and booleans.
 * @example i0e(tensor([0, 1000])) // [1, 0.012617240455891257]
 */
export const i0e: Unary = unary((x) => ops.besselI(x, { order: 0, scaled: true }));
/**
 * exp(-|x|) I₁(x), which does not overflow. Floats of any shape.
 *
 * @throws AdjointError `dtype` for integers and booleans.
 * @example i1e(tensor([0, 1000])) // [0, 0.012610930256928629]
 */
export const i1e: Unary = unary((x) => ops.besselI(x, { order: 1, scaled: true }));
/** log |Γ(x)|; ∞ at 0, -1, -2, …. */
export const lgamma: Unary = unary(ops.lgamma);
/** The derivative of lgamma; NaN at 0, -1, -2, …. */
export const digamma: Unary = unary(ops.digamma);

// ---- rounding, signs and bounds -------------------------------------------------------------------------------------

/** The nearest whole number that is not larger; integers stay. */
export const floor: Unary = unary(composites.whole(ops.floor));
/** The nearest whole number that is not smaller; integers stay. */
export const ceil: Unary = unary(composites.whole(ops.ceil));
/** x without its fraction; integers stay. */
export const trunc: Unary = unary(composites.whole(ops.trunc));
/** The nearest whole number, the even one of two; integers stay. `roundHalfUp` rounds as Math.round. */
export const round: Unary = unary(composites.whole(ops.round));
/** The nearest whole number, the larger one of two, as Math.round; integers stay. */
export const roundHalfUp: Unary = unary(composites.whole(composites.roundHalfUp));
/** |x| with the sign of y; -0 is negative, NaN positive. */
export const copysign: Binary = binary(ops.copysign);
/** The next number of the dtype from x towards y. */
export const nextafter: Binary = binary(ops.nextafter);
/** Whether the sign is negative: true for -0; false for NaN, whose sign JavaScript does not tell. */
export const signbit: Predicate = predicate(composites.signbit);

/** The shape of x where both bounds are of rank 0. */
export type ClippedShape<X, L, H> = [L | H] extends [number | boolean | Extent | null | undefined] ? ShapeIn<X> : Shape;

/**
 * x kept between two bounds, of which either may be left out; the upper one wins where they are crossed. At a bound the
 * derivative is that of x.
 *
 * @example clip(tensor([-1, 0.5, 2]), 0, 1) // [0, 0.5, 1]
 */
export function clip<X extends Operand, L extends Operand | null | undefined, H extends Operand | null | undefined>(
  x: X,
  low?: L,
  high?: H,
): Tensor<ClippedShape<X, L, H>, OwnDType<X>>;
export function clip(x: Operand, low?: Operand | null, high?: Operand | null): Tensor {
  const [hasLow, hasHigh] = [low ?? null, high ?? null].map((bound) => bound !== null);
  const bounds = [low ?? null, high ?? null].filter((bound) => bound !== null);
  return applyBroadcast(clip, [x, ...bounds], (v, first, second) => {
    if (hasLow && hasHigh) return ops.clamp(first, v, second);
    return hasLow ? ops.maximum(v, first) : hasHigh ? ops.minimum(v, first) : v;
  });
}
