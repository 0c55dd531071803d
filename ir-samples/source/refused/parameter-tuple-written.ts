export function f(t: [number, number]): number {
  t[0] = 2; // error: unsupported: an array is written to here, but it is the caller's, who would not see that: copy it first, with slice()
  return t[0] + t[1];
}
