const table = [1, 2, 3];
export function f(x: number): number {
  table[0] = x; // error: unsupported: an array is written to here, but 'table' is a constant of the file: copy it first, with slice()
  return table[0];
}
