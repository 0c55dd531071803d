interface Node { next: Node } // error: dtype: types nest deeper than 250 here, or have no end: pass flat arrays
export function f(p: Node): number {
  return 1;
}
