export function f(x: number): number {
  const o = { [x]: x }; // error: unsupported: a computed or quoted name of a field is not compiled: write its name
  return x;
}
