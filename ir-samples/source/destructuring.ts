// Tuples and objects are taken apart without being made.
export function main(a: number, b: number): number {
  let [p, q] = [a, b];
  [p, q] = [q, p + q];
  const { x, y: z = 3 } = { x: p, y: q };
  return x * 100 + z;
}
// run: main(1, 2) == 203
