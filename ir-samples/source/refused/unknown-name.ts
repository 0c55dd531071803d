export function f(x: number): number {
  x = y; // error: name: 'y' is not declared: declare it, or pass it as a parameter
  return x;
}
