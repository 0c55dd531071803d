export function f(x) { // error: dtype: 'x' of 'f' has no type: write number, boolean, number[] or Float64Array
  return x;
}
