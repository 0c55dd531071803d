export function f(x: number): number {
  for (const k in [1, 2]) x += 1; // error: unsupported: for … in is not compiled: write for (let i = 0; i < a.length; i++), or for (const x of a)
  return x;
}
