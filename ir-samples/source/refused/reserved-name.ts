export function f(x: number): number {
  const let = 1; // error: syntax: 'let' cannot be a name: rename it
  return x;
}
