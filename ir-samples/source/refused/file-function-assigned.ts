function g(): number { return 1; }
export function f(x: number): number {
  g = 1; // error: unsupported: 'g' is a function: functions keep their meaning
  return x;
}
