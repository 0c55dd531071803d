export function f(x: number): number {
  let y = x;
  y = x > 0; // error: dtype: 'y' is a number, and gets a boolean: a variable keeps one type
  return x;
}
