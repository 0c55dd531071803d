@fast // error: unsupported: a decorator is not compiled: call the function that it names
export function f(x: number): number {
  return x;
}
