export function f(x: number): number {
  const b = x === (x > 0); // error: dtype: compares a number with a boolean: compare two numbers or two booleans
  return x;
}
