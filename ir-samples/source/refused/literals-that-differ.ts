export function f(x: number, i: number): number {
  let zs = [x, 1, 2];
  if (x > 0) zs = [x, 3]; // error: dtype: 'zs' is a number[] of length 2 on one path and a number[] of length 3 on the other: a variable keeps one type and one length
  return zs[i];
}
