export function f(x: number): number {
  x = y; // error: name: 'y' is read before it has a value on every path: give it one where it is declared
  const y = 2;
  return x;
}
