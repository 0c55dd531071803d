export function f(x: number): number {
  const a = new Float64Array(3);
  let b = new Float64Array(3);
  for (let i = 0; i < 3; i++) {
    b[i] = x; // error: unsupported: 'b' is written to here, but it may be 'a', depending on what happened before: copy it first, with slice()
    b = a;
  }
  return x;
}
