export function f(x: number): number {
  x = Math.random(); // error: unsupported: Math.random is not compiled: it gives the same arguments different results: pass the random numbers in
  return x;
}
