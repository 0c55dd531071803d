export function f(x: number): number {
  const s = "text"; // error: unsupported: a string is not compiled: functions here take and give numbers, booleans and arrays of numbers
  return x;
}
