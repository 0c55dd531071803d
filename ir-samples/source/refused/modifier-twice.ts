export export function f(x: number): number { // error: syntax: 'export' cannot stand here: remove it
  return x;
}
