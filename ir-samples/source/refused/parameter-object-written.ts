export function f(p: { a: { x: number } }, y: number): number {
  const q = p.a;
  q.x += y; // error: unsupported: 'x' is written to here, but it is the caller's, who would not see that: make a new object of its fields
  return q.x;
}
