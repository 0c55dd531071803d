// Constants of the file are seen by every function.
const gravity = 9.81;
const weights = [0.25, 0.5, 0.25];
export function main(xs: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * xs[i];
  return gravity * sum;
}
// run: main([4, 4, 4]) == 39.24
