export function f(x: number): number {
  let y: number;
  if (x > 0) y = x;
  x = y; // error: name: 'y' is read before it has a value on every path: give it one where it is declared
  return x;
}
