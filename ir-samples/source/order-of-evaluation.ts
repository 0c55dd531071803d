// Operands are evaluated from the left: the first x is read before it is assigned.
export function main(x: number): number {
  return x + (x = 10) + x++ * 100 + x;
}
// run: main(1) == 1022
