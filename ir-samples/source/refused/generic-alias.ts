type P<T> = T;
export function f(x: P<number>): number { // error: dtype: a parameter cannot be P<number>: write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them
  return x;
}
