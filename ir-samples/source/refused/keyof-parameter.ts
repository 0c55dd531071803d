export function f(x: keyof number[]): number { // error: dtype: a parameter cannot be keyof number[]: write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them
  return 1;
}
