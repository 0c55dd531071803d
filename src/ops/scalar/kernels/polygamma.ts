// Derivatives of digamma of any order: Math has none. Self-contained, so that its text can stand in generated JavaScript.

/**
 * ψ⁽ⁿ⁾(x), the n-th derivative of digamma, for whole n ≥ 0 (NaN for any other n), at any x. For n ≥ 1 and x > 0,
 * and for odd n everywhere, within 5 + n/4 ulp; otherwise, where there are zeros, as much of the largest part of the sum: order
 * 0 is more accurate as `digamma`. At the poles 0, −1, −2, …: +∞ for odd n,
 * NaN for even n, where the two sides differ in sign. At +∞: 0 for n ≥ 1.
 *
 * ψ⁽ⁿ⁾ = (−1)ⁿ⁺¹ n! ζ(n+1, x) with Hurwitz' ζ(s, x) = Σₖ (x + k)⁻ˢ (Abramowitz & Stegun 6.4.10), summed up to where the
 * asymptotic series 6.4.11 holds. Left of 0 the sum is split at its whole number: with r the fractional part of x,
 * ζ(s, x) = ζ(s, r) + (−1)ˢ (ζ(s, 1 − r) − ζ(s, 1 − x)); the divergent parts at s = 1 cancel likewise.
 * The constants are B₂ₖ/(2k)!.
 */
export function polygamma(n: number, x: number): number {
  if (!(n >= 0) || n !== Math.floor(n) || n === Infinity || Number.isNaN(x) || x === -Infinity) return NaN;
  const power = Math.pow; // never **, which engines may fold at compile time to other bits
  const isOdd = n % 2 === 1;
  if (x <= 0 && x === Math.floor(x)) return isOdd ? Infinity : NaN;
  if (x === Infinity) return n === 0 ? x : isOdd ? 0 : -0;
  const right = x - Math.floor(x);
  const left = Math.ceil(x) - x;
  const base = x > 0 ? x : Math.min(right, left);
  const enough = 10 + 1.6 * n;
  let sum = 0; // n!·ζ over n!/baseⁿ, so that no power overflows before the value does
  for (let part = 0; part < (x > 0 ? 1 : 3); part++) {
    const first = x > 0 ? x : part === 0 ? right : part === 1 ? left : 1 - x;
    // At most 400 terms: what is left then counts less than e^-200, whatever the series makes of it.
    const count = first < enough ? Math.min(Math.ceil(enough - first), 400) : 0;
    const y = first + count;
    const t = 1 / y / y;
    let h = 1 / 74724249600 - (n + 14) * (n + 15) * t * (3617 / 10670622842880000);
    h = (n + 12) * (n + 13) * t * h - 691 / 1307674368000;
    h = (n + 10) * (n + 11) * t * h + 1 / 47900160;
    h = (n + 8) * (n + 9) * t * h - 1 / 1209600;
    h = (n + 6) * (n + 7) * t * h + 1 / 30240;
    h = (n + 4) * (n + 5) * t * h - 1 / 720;
    h = (n + 1) * t * ((n + 2) * (n + 3) * t * h + 1 / 12);
    let zeta = power(base / y, n) * ((n === 0 ? -Math.log(y) : 1 / n) + (0.5 / y + h));
    for (let k = count - 1; k >= 0; k--) zeta += power(base / (first + k), n) / (first + k);
    sum += part === 0 || isOdd === (part === 1) ? zeta : -zeta;
  }
  let value = isOdd ? sum : -sum;
  for (let k = 1; k <= n && value !== 0 && Math.abs(value) < Infinity; k++) value = (value * k) / base;
  return value;
}
