declare const k: number;
export function f(x: number): number {
  return x + k; // error: name: 'k' is not declared: declare it, or pass it as a parameter
}
