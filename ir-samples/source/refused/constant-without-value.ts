export function f(x: number): number {
  const y: number; // error: syntax: a constant is declared without a value: give it one here
  return x;
}
