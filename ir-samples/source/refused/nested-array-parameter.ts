export function f(x: number[][]): number { // error: dtype: a parameter cannot have this type: pass one flat array, row after row
  return x.length;
}
