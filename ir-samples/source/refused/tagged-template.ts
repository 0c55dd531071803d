export function f(x: number): number {
  x = x`1`; // error: unsupported: a template is not compiled: functions here take and give numbers, booleans and arrays of numbers
  return x;
}
