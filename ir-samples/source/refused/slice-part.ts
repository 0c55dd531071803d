export function f(x: number): number {
  const a = [x, x].slice(1); // error: unsupported: slice of a part is not compiled: copy the elements in a loop
  return x;
}
