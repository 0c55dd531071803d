// Rounding, signs and neighbours of floating-point numbers. Self-contained, so that their text can stand in generated JavaScript.

/**
 * The nearest whole number, ties to even; −0 and the sign of what rounds to 0 are kept. At 2⁵² and above every number is whole;
 * below, adding 2⁵² leaves no bits for a fraction, and the addition itself rounds ties to even.
 */
export function roundHalfEven(x: number): number {
  const a = Math.abs(x);
  if (!(a < 4503599627370496)) return x;
  const y = a + 4503599627370496 - 4503599627370496;
  return x < 0 || 1 / x < 0 ? -y : y;
}

/** |x| with the sign of y, −0 counted as negative and NaN (whose sign JavaScript cannot see) as positive. */
export function copysign(x: number, y: number): number {
  return y < 0 || 1 / y < 0 ? -Math.abs(x) : Math.abs(x);
}

/**
 * The f64 next to x in the direction of y; y itself where they are equal, as in C. Without a look at the bits: adding a little
 * more than half a unit in the last place rounds to the neighbour (Rump, Zimmermann, Boldo, Melquiond, “Computing predecessor
 * and successor in rounding to nearest”, BIT 49, 2009).
 */
export function nextAfter(x: number, y: number): number {
  if (!(x < y || x > y)) return x === y ? y : NaN;
  const a = Math.abs(x);
  const isAway = x === 0 || y > x === x > 0;
  if (a === Infinity) return x > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
  let moved: number;
  if (a < 4.450147717014403e-308) {
    // Below 2^-1021 the spacing is 2^-1074.
    moved = isAway ? a + 5e-324 : a - 5e-324;
  } else {
    // 2^-53·(1 + 2^-52)·a is a little more than half a unit; small numbers are lifted by 2^200 so that it is no subnormal.
    const lift = a < 1e-200 ? 1.6069380442589903e60 : 1;
    const b = a * lift;
    const step = b * 1.1102230246251568e-16;
    moved = (isAway ? b + step : b - step) / lift;
  }
  return x < 0 || (x === 0 && y < 0) ? -moved : moved;
}

/** The f32 next to the f32 x in the direction of y; y itself where they are equal. As `nextAfter`, in f32. */
export function nextAfterF32(x: number, y: number): number {
  if (!(x < y || x > y)) return x === y ? y : NaN;
  const a = Math.abs(x);
  const isAway = x === 0 || y > x === x > 0;
  if (a === Infinity) return x > 0 ? 3.4028234663852886e38 : -3.4028234663852886e38;
  // Below 2^-125 the spacing is 2^-149; from there on 2^-24·(1 + 2^-20)·a is half to one unit in the last place.
  const step = a < 2.350988701644575e-38 ? 1.401298464324817e-45 : a * 5.960470161880949e-8;
  const moved = Math.fround(isAway ? a + step : a - step);
  return x < 0 || (x === 0 && y < 0) ? -moved : moved;
}
