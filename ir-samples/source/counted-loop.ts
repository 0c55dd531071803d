// A loop carries what its steps change.
export function main(xs: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < xs.length; i++) sum += xs[i] * xs[i];
  return sum;
}
// run: main([1, 2, 3]) == 14
