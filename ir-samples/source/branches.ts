// What either branch assigns is a result of the `if`; a ternary that costs nothing is a select.
export function main(x: number, y: number): number {
  let r = 0;
  if (x < y) {
    r = Math.sqrt(y - x);
  } else if (x > 2 * y) {
    r = x / y;
  }
  return r > 0 ? r : -1;
}
// run: main(1, 5) == 2
// run: main(3, 3) == -1
