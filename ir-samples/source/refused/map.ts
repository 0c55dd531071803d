export function f(x: number): number {
  const a = [x].map((y) => y); // error: unsupported: the method map of an array is not compiled: write a loop; slice and fill are compiled
  return x;
}
