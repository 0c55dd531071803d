export function f(x: number): number {
  switch (x) {
    case 0: {
      break;
    }
    case 1:
      let y = 1;
      break;
    default:
      y = 2; // error: name: 'y' is assigned to before it is declared: declare it above
  }
  return x;
}
