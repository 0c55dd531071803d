export function f(x: number): number {
  if (false) {
    let = 1; // error: syntax: 'let' cannot be a name: rename it
  }
  return x;
}
