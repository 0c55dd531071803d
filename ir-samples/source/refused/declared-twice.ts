export function f(x: number): number {
  let y = x;
  let y = 2; // error: name: 'y' is declared twice: rename one of them
  return x;
}
