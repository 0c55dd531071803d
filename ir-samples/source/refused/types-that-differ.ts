export function f(x: number): number {
  let y = x;
  if (x > 0) y = true; // error: dtype: 'y' is a number, and gets a boolean: a variable keeps one type
  return x;
}
