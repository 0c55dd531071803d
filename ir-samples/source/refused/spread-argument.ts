export function f(x: number): number {
  const g = (a: number) => a;
  x = g(...[x]); // error: unsupported: a spread argument is not compiled: write each argument
  return x;
}
