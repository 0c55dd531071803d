export function f(x: number): number {
  const a = [x, 2];
  return a[x > 0]; // error: dtype: a boolean is no index: write Number(…) around it
}
