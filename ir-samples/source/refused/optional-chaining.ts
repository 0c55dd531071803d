export function f(x: number): number {
  const o = { a: x };
  x = o?.a; // error: unsupported: ?. is not compiled: write a dot: nothing is undefined here
  return x;
}
