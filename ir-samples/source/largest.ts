// Math.max and Math.min take an array's elements.
export function main(xs: number[], ys: Int32Array): number {
  const largest = Math.max(...xs);
  let sum = 0;
  for (const x of xs) sum += Math.exp(x - largest);
  return largest + Math.log(sum) + Math.min(0.5, ...ys, sum);
}
// run: main([1000, 1000], [3, -2]) == 998.6931471805599
// run: main([1, 0, -3], []) == 1.8265626412674705
