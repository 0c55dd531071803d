// A variable without a first value has one behind a loop, a switch or a block where all paths that get there gave it one.
export function main(x: number): number {
  let root: number;
  let steps = 0;
  while (true) {
    const next = (x + 2 / x) / 2;
    if (Math.abs(next - x) < 1e-12) {
      root = next;
      break;
    }
    x = next;
    if (++steps < 50) continue;
    return NaN;
  }
  let kind: number;
  switch (steps % 3) {
    case 0:
      kind = 1;
    case 1:
      kind = 2;
      break;
    default:
      kind = 3;
  }
  return root + kind;
}
// run: main(1) == 4.414213562373095
// run: main(-1) == 1.585786437626905
