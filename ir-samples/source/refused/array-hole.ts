export function f(x: number): number {
  const a = [1, , x]; // error: unsupported: a hole in an array is not compiled: write a number
  return x;
}
