// A pattern takes constants of the file apart, and Math; a constant that nobody needs may be anything.
const { exp, PI: pi, sqrt } = Math;
const [mean, [deviation, skew = 0]] = [0.5, [2]];
export const title = "The normal distribution";

export function main(x: number): number {
  const { abs } = Math;
  const z = (x - mean) / deviation;
  return (exp((-z * z) / 2) * (1 + skew * z)) / (deviation * sqrt(2 * pi)) - abs(z);
}
// run: main(0.5) == 0.19947114020071635
