export function f(x: number): number {
  with (x) { x = 1; } // error: unsupported: with is not compiled: name the object
  return x;
}
