export function f(x: number): number {
  const a = x > 0 ? [x, 1] : [x]; // error: dtype: the value is a number[] of length 2 on one path and a number[] of length 1 on the other: a variable keeps one type and one length
  return a.length;
}
