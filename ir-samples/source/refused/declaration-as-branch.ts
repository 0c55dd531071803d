export function f(x: number): number {
  let y = 1;
  if (x > 0) let y = 2; // error: syntax: a declaration stands where a statement is expected: put it into braces
  return y;
}
