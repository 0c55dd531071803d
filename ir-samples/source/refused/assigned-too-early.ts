export function f(x: number): number {
  y = 2; // error: name: 'y' is assigned to before it is declared: declare it above
  let y = 1;
  return x + y;
}
