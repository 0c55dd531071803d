// An operator that stands alone is a branch: what it would give need not be of one type.
export function main(x: number): number {
  let n = 0;
  const add = (y: number): void => {
    n += y;
  };
  x > 0 && add(x);
  x > 5 || add(100);
  x > 2 ? add(10) : (n = -1);
  return n;
}
// run: main(3) == 113
// run: main(-1) == -1
