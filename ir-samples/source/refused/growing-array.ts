export function f(x: number): number {
  const a: number[] = [];
  for (let i = 0; i < x; i++) a[i] = i; // error: range: an array without elements is written to: make it as long as it gets: new Array(n).fill(0)
  return a.length;
}
