export function f(x: number): number {
  const speed = x;
  x = sped; // error: name: 'sped' is not declared: did you mean speed?
  return x;
}
