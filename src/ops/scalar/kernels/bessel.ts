// Modified Bessel functions of the first kind: Math has none. Self-contained, so that its text can stand in generated code.

/**
 * Iₙ(x) of order n = 0 or 1, or exp(−|x|) Iₙ(x) where `scaled` is not 0, which never overflows. Within 4 ulp.
 *
 * Below 8 the power series (Abramowitz & Stegun 9.6.10) as an interpolated polynomial in x²/4; beyond, √x exp(−x) Iₙ(x) is
 * a polynomial in 1/x about the middle of its range. The coefficients are interpolants at Chebyshev nodes computed with 60
 * digits, relative error below 3e-17.
 */
export function besselI01(n: number, scaled: number, x: number): number {
  const a = Math.abs(x);
  const sign = n === 1 && (x < 0 || 1 / x < 0) ? -1 : 1;
  if (a === Infinity) return scaled ? 0 * sign : a * sign;
  const isScaled = a >= 8;
  let y = 0;
  if (!isScaled) {
    const z = (a / 2) * (a / 2);
    if (n === 1) {
      let p = (5.669579277854459e-26 * z + 7.606752944827284e-24) * z + 1.880771354951542e-21;
      p = ((p * z + 3.3442300506385306e-19) * z + 5.231322675888681e-17) * z + 6.903555797446423e-15;
      p = ((p * z + 7.594068659611249e-13) * z + 6.834652024432265e-11) * z + 4.9209498831124465e-9;
      p = ((p * z + 2.7557319218244207e-7) * z + 1.1574074074173187e-5) * z + 0.0003472222222221193;
      p = ((p * z + 0.0069444444444445004) * z + 0.08333333333333331) * z + 0.5;
      y = (a / 2) * (1 + z * p);
    } else {
      let p = (9.319037302519698e-25 * z + 1.1142728859197163e-22) * z + 2.6459481729049967e-20;
      p = ((p * z + 4.3438583592285594e-18) * z + 6.2782596125899935e-16) * z + 7.593826261486644e-14;
      p = ((p * z + 7.594076203674035e-12) * z + 6.151186352073215e-10) * z + 3.936759926835679e-8;
      p = ((p * z + 1.9290123446808463e-6) * z + 6.944444444616768e-5) * z + 0.0017361111111093212;
      p = ((p * z + 0.02777777777777875) * z + 0.24999999999999978) * z + 1;
      y = 1 + z * p;
    }
  } else {
    const t = 1 / a - (a > 32 ? 0.015625 : 0.078125);
    let p = 0;
    if (n === 1) {
      if (a > 32) {
        p = (-5.080043121201387 * t - 1.275225111983057) * t - 0.3798841132084689;
        p = ((p * t - 0.14079881668257643) * t - 0.06728460090172496) * t - 0.04479528855611166;
        p = ((p * t - 0.04875732050579006) * t - 0.15109519908940794) * t + 0.3965931545624993;
      } else {
        p = (3390146755771.155 * t + 160136386738.39096) * t - 60578968967.757065;
        p = ((p * t - 2474892821.438952) * t + 592697952.7848923) * t + 23961633.385164212;
        p = ((p * t - 4474373.292449942) * t - 261674.7982957501) * t + 25651.810888230702;
        p = ((p * t + 3279.6266768482783) * t + 48.3824635862131) * t - 20.87998600639681;
        p = ((p * t - 3.6122790451223357) * t - 0.6042723448151376) * t - 0.15692741571441385;
        p = ((p * t - 0.07016330418941218) * t - 0.05920361367779182) * t - 0.15779419137469936;
        p = p * t + 0.38694711997975734;
      }
    } else if (a > 32) {
      p = (4.522050710269034 * t + 1.1148594154250446) * t + 0.324116831607062;
      p = ((p * t + 0.11614942854942266) * t + 0.05276041226520041) * t + 0.03225599522337682;
      p = ((p * t + 0.029489504053163477) * t + 0.05076647920589737) * t + 0.39972842705885897;
    } else {
      p = (-3185918317178.2534 * t - 165210613568.3131) * t + 57107030925.41663;
      p = ((p * t + 2573393197.9917355) * t - 558914325.2917004) * t - 24832857.700940397;
      p = ((p * t + 4185257.658537551) * t + 262284.80620923947) * t - 23256.13811256091;
      p = ((p * t - 3131.1453709468324) * t - 54.974870025889814) * t + 18.645144766796122;
      p = ((p * t + 3.244572201640388) * t + 0.5257433902471257) * t + 0.12887140599277813;
      p = ((p * t + 0.052621646696399384) * t + 0.03716669859666449) * t + 0.05489357577918596;
      p = p * t + 0.4030253411665563;
    }
    y = p / Math.sqrt(a);
  }
  if (isScaled === (scaled !== 0)) return y * sign;
  if (!isScaled) return y * Math.exp(-a) * sign;
  // in two halves, since exp overflows before the value does
  return a < 700 ? y * Math.exp(a) * sign : y * Math.exp(a / 2) * Math.exp(a / 2) * sign;
}

/**
 * Iₙ(x) of a whole order n ≥ 2, or exp(−|x|) Iₙ(x) where `scaled` is not 0, within 4 + 2n ulp.
 *
 * The ratios Iₖ/Iₖ₋₁ by the recurrence 9.6.26 of Abramowitz & Stegun from far above (J. C. P. Miller's algorithm; all terms
 * are positive), in units of which the sum 9.6.37 is exp(x) = I₀ + 2 Σ Iₖ; the asymptotic series 9.7.1 where x is large beside
 * n².
 */
export function besselIn(n: number, scaled: number, x: number): number {
  const a = Math.abs(x);
  if (!(n >= 0) || Number.isNaN(x)) return NaN;
  const sign = n % 2 === 1 && (x < 0 || 1 / x < 0) ? -1 : 1;
  if (a === Infinity) return scaled ? 0 * sign : a * sign;
  let y = 1;
  if (a > Math.max(50, n * n)) {
    let term = 1;
    for (let k = 1; k < 200 && Math.abs(term) > 1e-18; k++) {
      term *= ((2 * k - 1 - 2 * n) * (2 * k - 1 + 2 * n)) / (8 * k) / a;
      y += term;
    }
    y *= 0.3989422804014327 / Math.sqrt(a);
  } else {
    let ratio = 0;
    let sum = 1; // of all orders from k on, over that of order k
    for (let k = n + 20 + Math.ceil(10 * Math.sqrt(a)); k > 0; k--) {
      ratio = a / (2 * k + a * ratio);
      sum = 1 + ratio * sum;
      if (k <= n) y *= ratio;
    }
    y /= 2 * sum - 1;
  }
  if (scaled) return y * sign;
  // in two halves, since exp overflows before the value does
  return a < 700 ? y * Math.exp(a) * sign : y * Math.exp(a / 2) * Math.exp(a / 2) * sign;
}
