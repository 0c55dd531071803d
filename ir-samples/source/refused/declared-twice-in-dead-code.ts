export function f(x: number): number {
  if (false) {
    let y = 1;
    let y = 2; // error: name: 'y' is declared twice: rename one of them
  }
  return x;
}
