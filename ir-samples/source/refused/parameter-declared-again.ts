export function f(x: number): number {
  let x = 2; // error: name: 'x' is declared twice: rename one of them
  return x;
}
