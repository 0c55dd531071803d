export function f(x: number): number {
  const o = { a() { return x; } }; // error: unsupported: a method is not compiled: write a function beside the object
  return x;
}
