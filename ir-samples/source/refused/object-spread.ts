export function f(x: number): number {
  const o = { ...{ a: x } }; // error: unsupported: a spread in an object is not compiled: write each field
  return x;
}
