export function f(x: number): number {
  return (y: number) => y; // error: unsupported: a function is returned: return what it gives
  return x;
}
