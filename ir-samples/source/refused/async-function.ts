export function f(x: number): number {
  const g = async (y: number) => y; // error: unsupported: an async function is not compiled: pass values in, once they are there
  return x;
}
