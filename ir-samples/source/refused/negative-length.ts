export function f(x: number): number {
  const a = new Float64Array(-1); // error: range: an array has -1 elements, expected an integer of at least 0
  return x;
}
