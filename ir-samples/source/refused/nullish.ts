export function f(x: number): number {
  x = x ?? 1; // error: unsupported: the operator ?? is not compiled: nothing is undefined, null or an instance here
  return x;
}
