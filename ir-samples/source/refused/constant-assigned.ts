export function f(x: number): number {
  const y = x;
  y = 2; // error: name: 'y' is a constant: declare it with let
  return x;
}
