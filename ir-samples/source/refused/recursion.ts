export function f(n: number): number {
  return n < 2 ? n : f(n - 1) + f(n - 2); // error: unsupported: 'f' calls itself, which is not compiled: write a loop
}
