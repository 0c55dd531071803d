export function f(x: number): number {
  switch (x) {
    default:
      return 1;
    default: // error: syntax: a switch has one default: remove one of them
      return 2;
  }
}
