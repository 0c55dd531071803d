export function f(x: number): number {
  if (x < 0) throw x; // error: unsupported: throw is not compiled: return NaN, or a flag in a tuple
  return x;
}
