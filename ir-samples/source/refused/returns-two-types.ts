export function f(x: number): number {
  if (x > 0) return true; // error: dtype: the result is a boolean on one path and a number on the other: a variable keeps one type and one length
  return x;
}
