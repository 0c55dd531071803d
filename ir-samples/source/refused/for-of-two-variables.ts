export function f(x: number): number {
  for (const a, b of [x]) x += a; // error: syntax: for … of declares one variable, without a value: declare others before the loop
  return x;
}
