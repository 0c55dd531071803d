export function f(x: number): number {
  const [a, ...b] = [x, x, x]; // error: unsupported: a rest element is not compiled: name each one, or slice the array
  return x;
}
