// Exponentials that Math lacks, or leaves to the engine. Self-contained, so that their text can stand in generated JavaScript.

/**
 * The logistic sigmoid 1/(1 + exp(−x)). Within 2 ulp in both tails; 0 at −∞, 1 at +∞. With e = exp(−|x|) and s = e/(1 + e):
 * 1 − s to the right of 0, and e − e·s, which is s in a better rounding, to the left.
 */
export function logistic(x: number): number {
  const e = Math.exp(-Math.abs(x));
  const s = e / (1 + e);
  return x < 0 ? e - e * s : 1 - s;
}

/**
 * 2ˣ. Within 1.5 ulp, exact where x is whole, rounded once where the result is subnormal.
 *
 * 2ˣ = 2ⁿ·2ʳ with n the nearest whole number, r = x − n exact and |r| ≤ ½; 2ʳ = 1 + r·p(r), p a Chebyshev interpolant
 * computed with 60 digits, absolute error below 1e-17.
 */
export function exp2(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x >= 1024) return Infinity;
  if (x <= -1075) return 0;
  let n = Math.floor(x + 0.5);
  const r = x - n;
  let p = (4.4549605981865186e-10 * r + 7.072585949269223e-9) * r + 1.0178062445845774e-7;
  p = ((p * r + 1.321544258792169e-6) * r + 1.525273382983612e-5) * r + 0.0001540353044173605;
  p = ((p * r + 0.0013333558146416936) * r + 0.009618129107606888) * r + 0.0555041086648216;
  p = ((p * r + 0.24022650695910097) * r + Math.LN2) * r;
  let y = 1 + p;
  // 2ⁿ in steps that are exact; only the last product can round, to a subnormal.
  if (n > 1000) {
    y *= 1.0715086071862673e301; // 2^1000
    n -= 1000;
  } else if (n < -1000) {
    y *= 9.332636185032189e-302; // 2^-1000
    n += 1000;
  }
  let scale = 1;
  let power = 2;
  for (let bits = Math.abs(n); bits > 0; bits >>= 1) {
    if (bits & 1) scale *= power;
    power *= power;
  }
  return n < 0 ? y / scale : y * scale;
}

/** x to the y: ECMAScript's Math.pow (NaN for 1 to the NaN and ±1 to the ±∞), except that the square is x·x. */
export function pow(x: number, y: number): number {
  return y === 2 ? x * x : Math.pow(x, y);
}

/** 1/√x, within 1.5 ulp; ±∞ at ±0 (IEEE 754's rSqrt), NaN left of 0, 0 at +∞. */
export function rsqrt(x: number): number {
  return 1 / Math.sqrt(x);
}

/**
 * The derivative of order n of x^y to x: y · (y − 1) ⋯ (y − n + 1) · x^(y − n), and 0 where a factor is 0, whatever the power
 * is, or where it is 0 for an infinite y. With 32 bits the product of the factors, the exponent and the power are each rounded to single precision.
 *
 * No factor is below 2⁻⁵³ but y itself, so that a product without a 0 overflows within some hundreds of factors, and behind
 * that only its sign changes: the time does not grow with the order.
 */
export function powDerivative(n: number, bits: number, x: number, y: number): number {
  const single = Math.fround;
  if (y >= 0 && y < n && y === Math.floor(y)) return 0;
  let factor = 1;
  let k = 0;
  for (; k < n && Math.abs(factor) < Infinity; k++) factor *= y - k;
  const negatives = n - Math.max(k, Math.floor(y) + 1); // among the factors that are left
  if (negatives > 0 && negatives % 2 === 1) factor = -factor;
  const exponent = bits === 32 ? single(y - n) : y - n;
  let power = exponent === 2 ? x * x : Math.pow(x, exponent);
  if (bits === 32) {
    factor = single(factor);
    power = single(power);
  }
  // with an infinite exponent the power vanishes faster than the factors grow
  return power === 0 && Math.abs(y) === Infinity ? 0 : factor * power;
}
