export function f(x: number): number {
  const xs = [x];
  for (const of xs) x++; // error: syntax: a declaration without a name: name a variable
  return x;
}
