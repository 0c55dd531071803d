export function f(x: number): number {
  const g = x > 0 ? (y: number): number => y : (z: number): number => -z; // error: unsupported: the value is one of two functions: call one or the other, in an if
  return g(x);
}
