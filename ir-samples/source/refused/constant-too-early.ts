const a = b + 1; // error: name: 'b' is read before it has a value: define it above
const b = 2;
export function f(x: number): number {
  return x + a;
}
