enum E { A } // error: unsupported: an enum is not compiled: write const A = 0, B = 1
export function f(x: number): number {
  return x;
}
