export function f(x: number): number {
  try { x++; } catch { x--; } // error: unsupported: try is not compiled: nothing that is compiled throws but on errors of the program: test before instead
  return x;
}
