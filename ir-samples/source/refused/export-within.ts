export function f(x: number): number {
  export const y = 1; // error: syntax: 'export' cannot stand here: remove it
  return x + y;
}
