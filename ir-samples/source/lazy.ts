// && and || run their right side only where it counts: a[i] is not read out of range.
export function main(a: Float64Array, x: number): number {
  let i = 0;
  while (i < a.length && a[i] < x) i++;
  return i;
}
// run: main([1, 3, 5], 4) == 2
// run: main([1, 3, 5], 9) == 3
