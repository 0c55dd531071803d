export function f(x: number): number {
  return x +; // error: syntax: expression expected
}
