const a = g(1); // error: name: 'g' is read before it has a value: define it above
const g = (y: number): number => y;
export function f(x: number): number {
  return x + a;
}
