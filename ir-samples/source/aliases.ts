// Two names of one array: a write through one of them is seen by the other.
export function main(x: number): number {
  const a = new Float64Array(3);
  const b = a;
  b[1] = x;
  return a[1];
}
// run: main(5) == 5
