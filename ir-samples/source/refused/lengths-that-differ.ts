export function f(x: number): number {
  const a = x > 0 ? [x, 1] : [x]; // error: dtype: the value is an array of 2 elements on one path and an array of 1 elements on the other: it keeps one type, and one length
  return a.length;
}
