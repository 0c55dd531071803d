export function f(public x: number): number { // error: syntax: 'public' cannot stand here: remove it
  return x;
}
