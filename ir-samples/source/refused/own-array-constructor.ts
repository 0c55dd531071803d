const Float64Array = 5;
export function f(x: number): number {
  const a = new Float64Array(2); // error: unsupported: new Float64Array is not compiled: call a function that gives an object
  return a[0] + x;
}
