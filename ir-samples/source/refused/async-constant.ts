async const y = 1; // error: syntax: 'async' cannot stand here: remove it
export function f(x: number): number {
  return x + y;
}
