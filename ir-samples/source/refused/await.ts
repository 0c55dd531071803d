export function f(x: number): number {
  x = await x; // error: unsupported: await is not compiled: pass the value in, once it is there
  return x;
}
