// The logarithm of the gamma function: Math has none. Self-contained, so that its text can stand in generated JavaScript.

/**
 * log |Γ(x)|. For x > 0 within 3 ulp, relative to the value also at its zeros 1 and 2. For x < 0 by reflection, within 3 ulp of
 * the larger of the two parts (absolute near the zeros between the poles). +∞ at the poles 0, −1, −2, …, and at ±∞.
 *
 * Stirling's series: Abramowitz & Stegun 6.1.40; recurrence 6.1.15; reflection 6.1.17. Coefficients: Chebyshev and rational
 * interpolants computed with 60 digits, relative error below 1e-16.
 */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const a = Math.abs(x);
  let y: number;
  if (a >= 8) {
    // (a − ½)(log a − 1) + ½log 2π − ½ + p(1/a²)/a
    const t = 1 / a / a;
    let p = (-0.0016526004455595122 * t + 0.0008372834512071336) * t - 0.0005952025951802712;
    p = ((p * t + 0.0007936506649488252) * t - 0.002777777777606244) * t + 0.0833333333333333;
    y = a === Infinity ? a : (a - 0.5) * (Math.log(a) - 1) + (0.4189385332046727 + p / a);
  } else {
    // Γ(a) = c·Γ(s), s in [3/4, 3); d = (s − 1)(s − 2), formed from a so that it is exact to rounding at both zeros, and never −0.
    let s = a;
    let c = 1;
    while (s >= 3) {
      s -= 1;
      c *= s;
    }
    let d = (s - 1) * (s - 2) + 0;
    if (a < 0.75) {
      s = a + 1;
      d = a * (a - 1);
    }
    if (s < 1.75) {
      const v = s - 0.75;
      let p = (-0.000616491730950588 * v - 0.01824085740895829) * v - 0.14001710985696048;
      p = ((p * v - 0.38177016961629173) * v - 0.28693874016016535) * v + 0.32599220532249834;
      p = (p * v + 0.5666384648287508) * v + 0.21299904458014518;
      let q = (0.001448996459307273 * v + 0.05340743669357306) * v + 0.5752895523728764;
      q = ((q * v + 2.659173227320746) * v + 6.107371635553569) * v + 7.287280521002449;
      q = (q * v + 4.314563325728778) * v + 1;
      y = d * (0.4375 + p / q);
    } else {
      const v = s - 1.75;
      let p = (-1.6979897744731955e-7 * v - 0.0002991666702003382) * v - 0.0063344496814244115;
      p = ((p * v - 0.038095982492479925) * v - 0.07409567762315848) * v - 0.0036463453278645667;
      p = p * v + 0.07513931210925628;
      let q = (0.0008446227238136777 * v + 0.024050768361637057) * v + 0.22094841691719416;
      q = ((q * v + 0.872744865042294) * v + 1.5416063581862933) * v + 1;
      y = d * (0.375 + p / q);
    }
    if (a < 0.75) y -= Math.log(a);
    else if (a >= 3) y += Math.log(c);
  }
  // At −0 and left of it, lgamma(±a) = −log a ∓ γa: where γa rounds away, no product below may vanish.
  if (!(x < 0) || a < 1e-20) return y;
  // Γ(x)Γ(−x) = −π / (x sin πx); sin πx = ±sin πr with the exact remainder r, 0 at the poles, where the logarithm is +∞.
  const r = a - Math.round(a);
  if (r === 0 || a === Infinity) return Infinity;
  return Math.log(Math.PI / Math.abs(a * Math.sin(Math.PI * r))) - y;
}
