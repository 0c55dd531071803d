export function f(x: number): number {
  debugger; // error: unsupported: debugger is not compiled: compile with debug: true
  return x;
}
