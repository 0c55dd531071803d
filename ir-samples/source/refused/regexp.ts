export function f(x: number): number {
  const r = /x/; // error: unsupported: a regular expression is not compiled: functions here take and give numbers, booleans and arrays of numbers
  return x;
}
