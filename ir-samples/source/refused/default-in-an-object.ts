export function f(x: number): number {
  const y = 1;
  const o = { y = x }; // error: syntax: a default in an object: write name: value
  return o.y;
}
