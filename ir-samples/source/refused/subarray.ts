export function f(x: number): number {
  const a = new Float64Array(3).subarray(1); // error: unsupported: the method subarray of a Float64Array is not compiled: it would share memory: write slice, or pass offsets
  return x;
}
