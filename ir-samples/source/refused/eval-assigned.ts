export function f(x: number): number {
  if (false) {
    eval = 1; // error: syntax: 'eval' cannot be a name: rename it
  }
  return x;
}
