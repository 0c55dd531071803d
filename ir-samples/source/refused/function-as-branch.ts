export function f(x: number): number {
  if (x > 0) function g(): number { return 1; } // error: syntax: a declaration stands where a statement is expected: put it into braces
  return x;
}
