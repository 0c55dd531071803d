export function f(x: number): number {
  const o = { a: x };
  delete o.a; // error: unsupported: delete is not compiled: objects keep their fields here
  return x;
}
