export function f(x: number): number {
  const a = [x];
  const b = [...a, x]; // error: unsupported: a spread beside other elements is not compiled: make an array of the whole length, and fill it in loops
  return x;
}
