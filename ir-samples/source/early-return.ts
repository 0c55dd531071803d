// An early return in a loop leaves it, and what follows is read only where none returned.
export function main(a: number): number {
  let x = a;
  for (let i = 0; i < 50; i++) {
    const next = 0.5 * (x + a / x);
    if (Math.abs(next - x) < 1e-12) return next;
    x = next;
  }
  return NaN;
}
// run: main(16) == 4
