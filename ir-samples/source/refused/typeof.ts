export function f(x: number): number {
  const t = typeof x; // error: unsupported: typeof is not compiled: types are known when it is compiled
  return x;
}
