export function f(x: number): number {
  if (x > 0) return true; // error: dtype: what is returned is a boolean on one path and a number on the other: give one type
  return x;
}
