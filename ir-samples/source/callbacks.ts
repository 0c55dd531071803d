// A function that was given may call the one it was given to: an integral of integrals.
function integral(f: (x: number) => number, a: number, b: number): number {
  const h = (b - a) / 2;
  return (h / 3) * (f(a) + 4 * f(a + h) + f(b));
}

export function main(k: number): number {
  return integral((x) => integral((y) => k * x * y, 0, x), 0, 1);
}
// run: main(8) == 1
