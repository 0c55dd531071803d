export function f(x: number): number {
  const a = new Float64Array(x); // error: unsupported: the length of an array is known only when it runs: pass an array of that length in, or take it from .length of one
  return x;
}
