export function f(p: { x: number } & { x: boolean }): number { // error: dtype: the field 'x' has two types: write one of them
  return 1;
}
