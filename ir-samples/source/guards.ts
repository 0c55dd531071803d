// Statements behind a return stand in the branch that does not.
export function main(x: number): number {
  if (x < 0) return -1;
  if (x > 1) return 1;
  return x;
}
// run: main(-3) == -1
// run: main(0.25) == 0.25
