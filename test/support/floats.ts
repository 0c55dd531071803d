// Places of doubles: by them, tests count how far a result is from its reference.

const scratch = new Float64Array(1);
const scratchBits = new BigInt64Array(scratch.buffer);

/** The place of x among all f64 in order, so that neighbours differ by 1. */
export function placeOf(x: number): bigint {
  scratch[0] = x;
  const bits = scratchBits[0];
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

/**
 * How far an f32 is from what is exact, in units in the last place of that; what is next to the greatest number counts as so
 * large. Infinite where only one of them is a number, or for the other zero.
 */
export function singleUlps(got: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(got, rounded) && (exact === rounded || !Number.isFinite(rounded))) return 0;
  if (Number.isNaN(got) || Number.isNaN(exact) || (got === 0 && exact === 0)) return Infinity;
  const isInfinite = [got, exact].some((x) => Math.abs(x) === Infinity);
  if (isInfinite && Math.min(Math.abs(got), Math.abs(exact)) < 2 ** 127) return Infinity;
  const finite = (x: number): number => (Math.abs(x) >= 2 ** 128 ? Math.sign(x) * 2 ** 128 : x);
  const exponent = Math.max(-126, Math.min(127, Math.floor(Math.log2(Math.abs(rounded)))));
  return Math.abs(finite(got) - finite(exact)) / 2 ** (exponent - 23);
}
