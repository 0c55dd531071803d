export function f(x: number): number {
  return x;
  break; // error: syntax: break outside of a loop
}
