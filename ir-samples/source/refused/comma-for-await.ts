export function f(x: number): number {
  for await (const y of [x]) x = y; // error: unsupported: for await is not compiled: pass the values as an array
  return x;
}
