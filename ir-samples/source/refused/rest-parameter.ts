export function f(x: number): number {
  const g = (...ys: number[]) => ys[0]; // error: unsupported: a rest parameter is not compiled: pass an array
  return x;
}
