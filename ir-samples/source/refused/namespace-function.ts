export function f(x: number): number {
  x = Math(x); // error: unsupported: Math is not called: write Math.sin(x)
  return x;
}
