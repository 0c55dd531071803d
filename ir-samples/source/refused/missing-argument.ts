export function f(x: number): number {
  const g = (y: number) => y;
  x = g(); // error: arity: 'g': 'y' is missing: pass it, or give it a default
  return x;
}
