export function f(x: number): number {
  if (x > 0) return true; // error: dtype: what is returned is a boolean on one path and a number on the other: it keeps one type, and one length
  return x;
}
