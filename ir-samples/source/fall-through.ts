// A case that runs on into the next: the case that matches is a number, and bodies run from there on.
export function main(k: number): number {
  let r = 0;
  switch (k) {
    case 1:
      r += 1;
    case 2:
      r += 10;
      break;
    case 3:
      r += 100;
  }
  return r;
}
// run: main(1) == 11
// run: main(2) == 10
// run: main(3) == 100
