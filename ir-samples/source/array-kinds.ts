// Elements of a Float32Array round, those of an Int32Array wrap, as they do in JavaScript.
export function main(x: number): Float32Array {
  const small = new Float32Array(2);
  const whole = new Int32Array(2);
  small[0] = x;
  whole[1] = x;
  small[1] = whole[1];
  return small;
}
// run: main(1.75) == [1.75, 1]
