// What is no array of numbers is gone through at once: the body is read for one element after another.
const nodes = [
  { weight: 5 / 9, at: [-0.7745966692414834, 0.5] },
  { weight: 8 / 9, at: [0, 1] },
  { weight: 5 / 9, at: [0.7745966692414834, 0.25] },
] as const;

export function main(x: number): number {
  let sum = 0;
  for (const { weight, at: [node, scale] } of nodes) {
    if (node * x < 0) continue;
    sum += weight * scale;
    if (sum > 1) break;
  }
  for (const isNegative of [x < 0, x < -1]) if (isNegative) sum = -sum;
  return sum;
}
// run: main(1) == 1.0277777777777777
// run: main(-0.5) == -1.1666666666666665
