export function f(x: number): number {
  let g = (y: number) => y;
  g = (y: number) => -y; // error: unsupported: 'g' is a function, and gets another one: call one or the other, in an if
  return x;
}
