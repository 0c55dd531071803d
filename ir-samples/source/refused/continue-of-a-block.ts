export function f(x: number): number {
  a: { continue a; } // error: syntax: 'a' is no loop, so continue cannot go there
  return x;
}
