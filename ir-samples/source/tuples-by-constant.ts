// A constant index reads a field of the tuple, which keeps its own value.
export function main(a: number, b: number): number {
  const first = 0;
  const pair = [a * b, b];
  const product = pair[first];
  return product + pair[0] + pair[1];
}
// run: main(3, 2) == 14
