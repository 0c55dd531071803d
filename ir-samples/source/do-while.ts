// A do loop carries whether it goes on.
export function main(n: number): number {
  let digits = 0;
  do {
    n = Math.floor(n / 10);
    digits++;
  } while (n > 0);
  return digits;
}
// run: main(0) == 1
// run: main(12345) == 5
