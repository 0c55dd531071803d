// Tuples and objects as results.
export function main(x: number, y: number): { r: number; parts: [number, boolean] } {
  const r = Math.hypot(x, y);
  return { r, parts: [Math.atan2(y, x), r > 1] };
}
// run: main(1, 0) == (1, 0, false)
