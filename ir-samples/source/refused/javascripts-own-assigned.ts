export function f(x: number): number {
  NaN = 1; // error: name: 'NaN' is JavaScript's own: copy it into a variable
  return x;
}
