export function f(xs: number[], ys: number[], x: number): number {
  let sum = 0;
  const zs = x > 0 ? xs : ys; // error: dtype: the value is a number[] as long as 'xs' on one path and a number[] as long as 'ys' on the other: a variable keeps one type and one length
  zs[0] = 1;
  for (const z of zs) sum += z;
  return sum;
}
