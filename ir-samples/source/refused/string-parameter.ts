export function f(x: string): number { // error: dtype: a parameter cannot be string: write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them
  return 1;
}
