export function f(x: number): number {
  let y: number;
  switch (x) {
    case 1:
      break;
    default:
      y = 1;
  }
  return y; // error: name: 'y' is read before it has a value on every path: give it one where it is declared
}
