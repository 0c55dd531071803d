// for … of reads an element as each step begins.
export function main(xs: number[]): number {
  let largest = -Infinity;
  for (const x of xs) if (x > largest) largest = x;
  return largest;
}
// run: main([3, 7, 5]) == 7
