export function f(x: number, y: number = x * 2): number { // error: unsupported: the default of a parameter of the compiled function is no constant: write a number or a boolean
  return y;
}
