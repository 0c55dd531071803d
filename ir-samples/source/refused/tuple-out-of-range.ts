export function f(x: number): number {
  const t = [x, 2];
  x = t[2]; // error: range: index 2 is out of range for 2 elements
  return x;
}
