// Objects and tuples as parameters: each number is an argument.
interface Point {
  x: number;
  y: number;
}
export function main(p: Point, [a, b]: [number, number]): number {
  return p.x * a + p.y * b;
}
// run: main(1, 2, 3, 4) == 11
