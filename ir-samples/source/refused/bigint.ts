export function f(x: number): number {
  const n = 10n; // error: unsupported: a bigint is not compiled: numbers are 64-bit floats here: write 1 for 1n
  return x;
}
