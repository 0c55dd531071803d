export function f(x: number): number {
  switch (x) { case Math.sin(1): x = 1; } // error: unsupported: a case that does more than name a number is not compiled: compute it before the switch
  return x;
}
