export function f(x: number): number {
  let y: number;
  do {
    if (x > 0) continue;
    y = 1;
  } while (x++ < 5);
  return y; // error: name: 'y' is read before it has a value on every path: give it one where it is declared
}
