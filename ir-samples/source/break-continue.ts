// break sets a flag that the loop's condition asks first; what continue leaves out stands in the other branch.
export function main(xs: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] < 0) continue;
    if (xs[i] > 100) break;
    sum += xs[i];
  }
  return sum;
}
// run: main([1, -2, 3, 200, 5]) == 4
