console.log(1); // error: unsupported: a statement outside of functions is not compiled: only functions are compiled: put it into one
export function f(x: number): number {
  return x;
}
