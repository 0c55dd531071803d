export function f(x: number): number {
  console.log(x); // error: unsupported: console is not compiled: return what it should show
  return x;
}
