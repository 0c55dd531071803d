// Cases that end with a break are a chain of branches.
export function main(k: number, x: number): number {
  let r = x;
  switch (k) {
    case 0:
      r = 0;
      break;
    case 1:
    case 2:
      r *= 10;
      break;
    default:
      r = -r;
  }
  return r;
}
// run: main(2, 3) == 30
// run: main(7, 3) == -3
