export function f(x: number): number {
  const y = x > 0 ? x : true; // error: dtype: the value is a number on one path and a boolean on the other: a variable keeps one type and one length
  return x;
}
