// 20,000 synchronous calls on tensors of 1 MB, results fed back; prints the largest resident size in MB.

import { add, compile, mul, sum, valueAndGrad } from "../../dist/index.js";

const n = 2 ** 17;
const step = compile((x, y) => add(mul(x, 0.5), y), [`f64[${n}]`, `f64[${n}]`]);
const slope = valueAndGrad((x) => sum(mul(x, x)));
const x = new Float64Array(n).fill(1);
let last = step(x, x);
let peak = 0;
for (let i = 0; i < 20_000; i++) {
  last = i % 2 === 0 ? step(last, x) : slope(last)[1];
  if (i % 100 === 0) peak = Math.max(peak, process.memoryUsage().rss);
}
console.log(Math.round(peak / 2 ** 20));
