export function f(x: number): number {
  const g = (y: number) => y;
  x = g(x, 2); // error: arity: 'g' takes 1 argument, and gets 2
  return x;
}
