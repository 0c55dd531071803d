export function f(x: number): number {
  x = Math.sine(x); // error: name: Math.sine is not compiled: did you mean Math.sin?
  return x;
}
