// Hyperbolic functions of f32.

import type { SingleFunction, Value } from "../../../ir/index.ts";
import { abs, copysign } from "../rounding.ts";
import { expm1Wide, expWide } from "./exponential.ts";
import { bounded, narrow, over, plus, polynomial, square, times, wide } from "./terms.ts";

export const sinh: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const m = expm1Wide(wide(bounded(abs(x), 170)));
    return copysign(narrow(times(plus(m, over(m, plus(m, 1))), 0.5)), x);
  },
};

export const cosh: SingleFunction = {
  ulps: 0.51,
  expand(x) {
    const e = expWide(wide(bounded(x, 170)));
    return narrow(times(plus(e, over(1, e)), 0.5));
  },
};

/** x·P(x²)/Q(x²), error 2e-9; beyond 9.1 the result is ±1. */
export const tanh: SingleFunction = { ulps: 0.53, expand: (x) => oddQuotient(x, 9.1, tanhOver, tanhUnder) };

const tanhOver = [
  -1.2033846522694123e-11, 3.0355848833814735e-8, 2.7912082338466204e-5, 0.0038636005225019384, 0.13676142825633752,
  0.999999998556449,
];
const tanhUnder = [1.2807045078420473e-6, 3.930296355438155e-4, 0.02722853888244437, 0.470094747637301, 1];

/** x·P(x²)/Q(x²) of x between -most and most, for a function that is all but constant beyond. */
export function oddQuotient(x: Value, most: number, over_: readonly number[], under: readonly number[]): Value {
  const within = wide(bounded(x, most));
  const z = square(within);
  return narrow(over(times(within, polynomial(z, over_)), polynomial(z, under)));
}
