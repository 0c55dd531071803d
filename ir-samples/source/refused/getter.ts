export function f(x: number): number {
  const o = { get a() { return x; } }; // error: unsupported: a getter is not compiled: write a field, or a function
  return x;
}
