export function f(x: number): number {
  x = x(); // error: dtype: got a number, expected a function
  return x;
}
