export function f(x: number): number {
  const t: any = [[x]];
  t[0] = t; // error: unsupported: a tuple or object holds itself: use arrays of numbers, and their indices
  return x;
}
