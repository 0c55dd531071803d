export function f(x: number): number {
  const b = 5;
  const g = (y = b, b = 1): number => y + b; // error: name: 'b' is read before it has a value on every path: give it one where it is declared
  return g() + b + x;
}
