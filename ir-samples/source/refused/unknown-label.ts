export function f(x: number): number {
  for (;;) break away; // error: syntax: no loop or block around has the label 'away'
  return x;
}
