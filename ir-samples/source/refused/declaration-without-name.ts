export function f(x: number): number {
  const // error: syntax: a declaration without a name: name a variable
  const y = 1;
  return x + y;
}
