// The bits of an f32 as an integer, and back. Made once with their memory; self-contained, for generated JavaScript.

type Kernel = (x: number) => number;

/** From 32 bits, an i32 or a u32, to the f32 that has them. A NaN is any: the other direction makes it the canonical one. */
export function floatOfBits(): Kernel {
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  return (x) => {
    bits[0] = x;
    return float[0];
  };
}

/** From an f32 to its bits as an i32; 0x7fc00000 for every NaN. */
export function bitsOfFloat(): Kernel {
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  return (x) => {
    float[0] = x;
    return Number.isNaN(x) ? 0x7fc00000 : bits[0];
  };
}
