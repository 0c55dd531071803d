export function f(x: string): number { // error: dtype: a parameter cannot have this type: write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them
  return 1;
}
