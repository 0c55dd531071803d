export function f(x: number): number {
  const g = <T>(y: T): T => y;
  const h = g<number>; // error: unsupported: f<T> without a call is not compiled: write f: types say nothing when it runs
  return h(x);
}
