export function f(x: number): number {
  const m = new Map(); // error: unsupported: new Map is not compiled: the arrays are Array, Float64Array, Float32Array and Int32Array
  return x;
}
