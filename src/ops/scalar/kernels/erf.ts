// The error function: Math has none. Self-contained, so that its text can stand in generated JavaScript.

/**
 * erf(x) = 2/√π ∫₀ˣ exp(−t²) dt. Within 1.5 ulp; odd (−0 kept), ±1 at ±∞, NaN at NaN.
 *
 * Rational and polynomial fits in three ranges, after the plan of W. J. Cody, “Rational Chebyshev approximations for the
 * error function”, Math. Comp. 23 (1969); the coefficients are Chebyshev interpolants computed with 60 digits, relative
 * error below 5e-17.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 1) {
    // x + x·p(x²): p is the small part, so its rounding hardly counts.
    const z = x * x;
    let p = (-7.795898827002142e-10 * z + 1.3720064546777686e-8) * z - 1.6208483801871705e-7;
    p = ((p * z + 1.6447424703317362e-6) * z - 1.492473690741966e-5) * z + 0.00012055294904839707;
    p = ((p * z - 0.0008548325975389692) * z + 0.0052239776071164225) * z - 0.02686617064323777;
    p = ((p * z + 0.11283791670945006) * z - 0.37612638903183543) * z + 0.12837916709551256;
    return x + x * p;
  }
  let y = 1;
  if (a < 2) {
    // erf(3/2) + p(a − 3/2); the last coefficient is what erf(3/2) lost when it was rounded.
    const t = a - 1.5;
    let p = (-2.8346118565278276e-7 * t + 1.4171216409416466e-6) * t + 5.712902189436902e-7;
    p = ((p * t - 1.4038638152371658e-5) * t + 1.7961323135211212e-5) * t + 7.767647032419676e-5;
    p = ((p * t - 0.00025444927807681647) * t - 9.291229551299306e-5) * t + 0.0017098196278538453;
    p = ((p * t - 0.002362677793021706) * t - 0.004743053204878897) * t + 0.019326172007209028;
    p = ((p * t - 0.014866286152863747) * t - 0.04459885845906473) * t + 0.1387520040942334;
    p = ((p * t - 0.17839543383544215) * t + 0.11893028922362937) * t - 3.681346277284724e-17;
    y = 0.9661051464753108 + p;
  } else if (a < 6) {
    // 1 − erfc(a), with erfc(a) = exp(−a²)/a · p(1/a)/q(1/a); erfc is small, so the rounding of a² does not matter.
    const u = 1 / a;
    let p = (-0.005693426779258197 * u + 7.224382383123096) * u + 10.458832475807995;
    p = ((p * u + 7.256085909163252) * u + 2.677230844178199) * u + 0.5641899303816807;
    let q = (7.1883013784561545 * u + 18.682555232159018) * u + 20.91693751809052;
    q = ((q * u + 13.360539710828208) * u + 4.745295018431066) * u + 1;
    y = 1 - (Math.exp(-a * a) * u * p) / q;
  } else if (Number.isNaN(x)) {
    return NaN;
  }
  return x < 0 ? -y : y;
}
