export function f(x: number): number {
  function* g() { yield x; } // error: unsupported: a generator is not compiled: return an array
  return x;
}
