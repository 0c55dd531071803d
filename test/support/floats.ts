// Places of doubles: by them, tests count how far a result is from its reference.

const scratch = new Float64Array(1);
const scratchBits = new BigInt64Array(scratch.buffer);

/** The place of x among all f64 in order, so that neighbours differ by 1. */
export function placeOf(x: number): bigint {
  scratch[0] = x;
  const bits = scratchBits[0];
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}
