const a = g(1); // error: name: 'g' is needed before it has a value: declare it before what needs it
const g = (y: number): number => y;
export function f(x: number): number {
  return x + a;
}
