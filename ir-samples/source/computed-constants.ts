// Constants of the file may be computed by its functions, in loops too, wherever they are first needed.
function table(n: number): Float64Array {
  const t = new Float64Array(4);
  for (let i = 0; i < t.length; i++) t[i] = i * n;
  return t;
}

function sum(xs: Float64Array): number {
  let s = 0;
  for (const x of xs) s += x;
  return s;
}

const tens = table(10);
const total = sum(tens);

export function main(x: number): number {
  let s = 0;
  for (let i = 0; i < 4; i++) {
    if (i > x) s += tens[i] / total;
  }
  return s + sum(table(x));
}
// run: main(2) == 12.5
// run: main(-1) == -5
