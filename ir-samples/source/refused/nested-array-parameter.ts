export function f(x: number[][]): number { // error: dtype: a parameter cannot be an array of these: pass one flat array, row after row
  return x.length;
}
