export function f(x: number): number {
  import("a"); // error: unsupported: a dynamic import is not compiled: only the functions of one file are compiled
  return x;
}
