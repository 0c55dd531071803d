// Integer arithmetic with wrap-around that JavaScript's operators do not spell. Self-contained, for generated JavaScript.

/** The number of ones among the 32 bits of x (i32 and u32 alike; a u8 has 24 zeros in front). */
export function popcount(x: number): number {
  let y = x | 0;
  y -= (y >>> 1) & 0x55555555;
  y = (y & 0x33333333) + ((y >>> 2) & 0x33333333);
  y = (y + (y >>> 4)) & 0x0f0f0f0f;
  return Math.imul(y, 0x01010101) >>> 24;
}

/**
 * x to the n, for i32, modulo 2³². A negative n means 1/x^|n| truncated: ±1 where x is ±1, else 0, for x = 0 too (as in division);
 * x to the 0 is 1, also where x is 0.
 */
export function powI32(x: number, n: number): number {
  if (n < 0) return x === 1 ? 1 : x === -1 ? (n & 1 ? -1 : 1) : 0;
  let y = 1;
  let square = x;
  for (let bits = n; bits > 0; bits >>>= 1) {
    if (bits & 1) y = Math.imul(y, square);
    square = Math.imul(square, square);
  }
  return y;
}

/** x to the n, for u32, modulo 2³²; x to the 0 is 1. A u8 takes the low eight bits of the result. */
export function powU32(x: number, n: number): number {
  let y = 1;
  let square = x;
  for (let bits = n; bits > 0; bits >>>= 1) {
    if (bits & 1) y = Math.imul(y, square);
    square = Math.imul(square, square);
  }
  return y >>> 0;
}
