export function f(x: number): number {
  const a = [x];
  x = a + 1; // error: dtype: got an array, expected a number
  return x;
}
