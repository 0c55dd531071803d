export function f(x: number): number {
  const xs = [x];
  for (const xs of xs) x += xs; // error: name: 'xs' is read before it has a value on every path: give it one where it is declared
  return x;
}
