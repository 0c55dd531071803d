export function f(x: number): number {
  const g = (): number => 1;
  g() = x; // error: syntax: nothing can be assigned to here: assign to a variable, an element or a field
  return x;
}
