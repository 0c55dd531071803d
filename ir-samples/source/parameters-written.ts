// What a function writes to its arguments is a result: the caller's array gets it.
export function main(xs: Float64Array, by = 2): void {
  for (let i = 0; i < xs.length; i++) xs[i] *= by;
}
// run: main([1, 2, 3], 2) == [2, 4, 6]
