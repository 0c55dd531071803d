export function f(x: number): number {
  const h = 5;
  const g = function h(y: number): number { return y > 0 ? h(y - 1) : 0; }; // error: unsupported: 'h' calls itself, which is not compiled: write a loop
  return g(x);
}
