export function f(x: number): number {
  let [y]; // error: syntax: a pattern is declared without a value: give it one here
  return x;
}
