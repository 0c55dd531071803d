export function f(x: number): number {
  for (const [a, b] of [[x, 1]]) x += a * b; // error: unsupported: a loop over elements that are each an array is not compiled: loop over an index, with one array of numbers for each field
  return x;
}
