// Operators mean what JavaScript means by them: bitwise ones work on 32 bits, % has the sign of the dividend.
export function main(x: number, y: number): number {
  const bits = (x | 0) ^ (~y & 255);
  return x ** 2 - (y % 3) / 2 + (bits >>> 1);
}
// run: main(5.5, -7) == 31.75
