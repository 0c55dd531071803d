type A = number;
type A = boolean; // error: name: the type 'A' is declared twice: rename one of them
export function f(x: A): number {
  return 1;
}
