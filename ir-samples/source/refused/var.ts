export function f(x: number): number {
  var y = x; // error: unsupported: var is not compiled: write let or const
  return x;
}
