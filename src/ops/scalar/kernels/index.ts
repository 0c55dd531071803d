// Numeric kernels that JavaScript's Math lacks. Each is one function whose text needs nothing around it but Math and Number.
//
// Math already has, as wanted: maximum and minimum (NaN propagates, −0 < +0), sign (±0 and NaN kept), hypot (∞ beats NaN).

export { besselI01, besselIn } from "./bessel.ts";
export { bitsOfFloat, floatOfBits } from "./bitcast.ts";
export { digamma } from "./digamma.ts";
export { erf } from "./erf.ts";
export { erfc, erfinv } from "./erfc.ts";
export { exp2, logistic, pow, powDerivative, rsqrt } from "./exponential.ts";
export { popcount, powI32, powU32 } from "./integer.ts";
export { lgamma } from "./lgamma.ts";
export { polygamma } from "./polygamma.ts";
export { copysign, nextAfter, nextAfterF32, roundHalfEven } from "./rounding.ts";
