export function f(x: number): number {
  const n = null; // error: unsupported: null is not compiled: write NaN, or a boolean beside the number
  return x;
}
