export function f(x: number): number {
  const o = { __proto__: x }; // error: unsupported: the field __proto__ is not compiled: give it another name
  return x;
}
