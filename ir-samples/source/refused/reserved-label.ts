export function f(x: number): number {
  let: for (;;) break let; // error: syntax: 'let' cannot be a name: rename it
  return x;
}
