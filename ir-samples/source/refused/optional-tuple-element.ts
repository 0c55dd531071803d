export function f(x: [number, b?: number]): number { // error: dtype: a parameter cannot be b?: number: write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them
  return x[0];
}
