export function f(x: number | undefined): number { // error: dtype: a parameter cannot be number | undefined: write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them
  return 1;
}
