// Calls of the file's functions, defaults and functions as arguments.
function derivative(f: (x: number) => number, x: number, h = 0.5): number {
  return (f(x + h) - f(x - h)) / (2 * h);
}
export function main(x: number): number {
  return derivative((t) => t * t, x);
}
// run: main(3) == 6
