// The error function of f32, its complement and its inverse.

import type { SingleFunction } from "../../../ir/index.ts";
import { neg } from "../arithmetic.ts";
import { sqrt } from "../roots.ts";
import { abs } from "../rounding.ts";
import { expWide } from "./exponential.ts";
import { oddQuotient } from "./hyperbola.ts";
import { log1pWide } from "./logarithm.ts";
import { bounded, is, minus, narrow, over, plus, polynomial, square, times, where, wide } from "./terms.ts";

const erfOver = [
  -1.3202335243381827e-8, 4.684798200408407e-6, 3.7960959298501086e-4, 0.0038496118758034655, 0.05431692305973431,
  0.1852031698179064, 1.128379169378411,
];
const erfUnder = [
  6.311077442412452e-5, 0.0013075709200248908, 0.015462092948893504, 0.11395841113169032, 0.4974654496249041, 1,
];

/** x·P(x²)/Q(x²), error 2.1e-9; beyond 4 the result is ±1. */
export const erf: SingleFunction = { ulps: 0.54, expand: (x) => oddQuotient(x, 4, erfOver, erfUnder) };

/** erfc(a)·exp(a²) of t = (a - 2.5) / (a + 2.5) for a up to 10.2, error 3e-11. */
const erfcPolynomial = [
  6.048940354184256e-6, 1.5340179443952216e-5, -3.3914467590023505e-5, -1.2696398943058023e-4, 2.2849621206974064e-4,
  8.753508450435021e-4, -0.002642412831067895, -0.003993616258794535, 0.03992254388736283, -0.12503305804793588,
  0.2517131931150681, -0.37173673383984807, 0.2108063640607193,
];

export const erfc: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const a = wide(bounded(abs(x), 10.2));
    const t = over(minus(a, 2.5), plus(a, 2.5));
    const tail = times(expWide(neg(square(a))), polynomial(t, erfcPolynomial));
    return narrow(where(is(x, "lt", 0), minus(2, tail), tail));
  },
};

/** erfinv(y) / y of w - 2.5 with w = -log(1 - y²), for w up to 5, error 3e-11. */
const middle = [
  -1.9818109444992977e-11, 1.234478899340757e-10, 8.068820899156054e-10, -1.0861692291107335e-8, 1.3871322497224894e-8,
  4.786905957713188e-7, -3.4176900955724377e-6, -4.996005600585128e-6, 2.1825147554610134e-4, -0.001252707948378155,
  -0.004177318241265465, 0.24664027674492803, 1.501409351146915,
];
/** The same of √w - 3, for w from 5 to 17, error 2e-10. */
const tails = [
  9.843153099184052e-6, -2.6014742272637495e-5, -2.8482004179312142e-5, 2.029160909391332e-4, -2.948095081997934e-4,
  -1.4596056449916144e-4, 0.0014875106681447288, -0.0035597350074894484, 0.005684597030966917, -0.007643696085994808,
  0.009445557160345881, 1.0016752734086418, 2.8329767983696597,
];

/** As M. Giles, Approximating the erfinv function, GPU Computing Gems Jade, 2011, with other polynomials. */
export const erfinv: SingleFunction = {
  ulps: 0.51,
  expand(y) {
    const x = wide(y);
    const w = neg(log1pWide(neg(square(x))));
    const quotient = where(is(w, "lt", 5), polynomial(minus(w, 2.5), middle), polynomial(minus(sqrt(w), 3), tails));
    const inside = narrow(times(x, quotient));
    return where(is(abs(y), "lt", 1), inside, where(is(abs(y), "eq", 1), times(y, Infinity), NaN));
  },
};
