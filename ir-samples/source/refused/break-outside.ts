export function f(x: number): number {
  break; // error: syntax: break outside of a loop
  return x;
}
