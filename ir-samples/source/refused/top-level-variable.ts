let count = 0; // error: unsupported: a variable outside of functions is not compiled: write const, or pass it as a parameter
export function f(x: number): number {
  return x + count;
}
