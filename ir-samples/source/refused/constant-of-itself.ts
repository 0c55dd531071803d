const a = a; // error: name: 'a' is read before it has a value: define it above
export function f(x: number): number {
  return x + a;
}
