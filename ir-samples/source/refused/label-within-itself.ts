export function f(x: number): number {
  a: for (;;) {
    a: for (;;) break a; // error: syntax: the label 'a' stands within itself: rename one of them
  }
  return x;
}
