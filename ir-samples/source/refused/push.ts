export function f(x: number): number {
  const a = [x];
  a.push(x); // error: unsupported: the method push of an array is not compiled: make the array as long as it gets, and count what is in it
  return x;
}
