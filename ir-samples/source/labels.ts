// Jumps to a loop further out.
export function main(n: number): number {
  let count = 0;
  outer: for (let i = 2; i <= n; i++) {
    for (let j = 2; j * j <= i; j++) if (i % j === 0) continue outer;
    count++;
  }
  return count;
}
// run: main(30) == 10
