export function f(x: number): number { // error: unsupported: 'f' returns a value on some paths, and none on others: return one at its end
  if (x > 0) return 1;
}
