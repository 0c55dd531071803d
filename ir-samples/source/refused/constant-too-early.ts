const a = b + 1; // error: name: 'b' is needed before it has a value: declare it before what needs it
const b = 2;
export function f(x: number): number {
  return x + a;
}
