// A scan of 10,000 steps against the same loop by hand, its gradient against it, and a loop that writes to what it carries.

import { add, compile, fori, grad, mul, scan, sin, sub, sum, tensor } from "../dist/index.js";
import { failures, heading, paired, report } from "./measure.mjs";

const steps = 10_000;
const xs = Float64Array.from({ length: steps }, (_, i) => Math.sin(i));

/** A sample takes milliseconds: one call is over too soon to be timed. */
const calls = 20;
const often = (f) => () => {
  for (let i = 0; i < calls; i++) f();
};

function against(what, ours, other, bar) {
  const { a, b, ratio } = paired(often(ours), often(other), { rounds: 41 });
  report(
    what,
    ratio,
    bar,
    `${((a * 1e6) / steps / calls).toFixed(1)} ns a step against ${((b * 1e6) / steps / calls).toFixed(1)} ns`,
  );
}

heading("scan of 10,000 steps: s = sin(s * w) + x");
const last = (w, x) => scan((s, e) => [add(sin(mul(s, w)), e), 0], 0.5, x)[0];
const ours = compile(last, ["f64", `f64[${steps}]`]);
const byHand = (w, x) => {
  let s = 0.5;
  for (let i = 0; i < steps; i++) s = Math.sin(s * w) + x[i];
  return s;
};
if (!Object.is(ours(0.9, xs), byHand(0.9, xs))) throw new Error("the scan gives other bits than the loop");
against(
  "value, the same JavaScript loop",
  () => ours(0.9, xs),
  () => byHand(0.9, xs),
  1.2,
);
const slope = compile((w, x) => grad(last, { wrt: 0 })(w, x), ["f64", `f64[${steps}]`]);
against(
  "gradient of one parameter, the value",
  () => slope(0.9, xs),
  () => ours(0.9, xs),
  4,
);
const slopes = compile((w, x) => grad(last, { wrt: [0, 1] })(w, x), ["f64", `f64[${steps}]`]);
against(
  "gradient of all, the value",
  () => slopes(0.9, xs),
  () => ours(0.9, xs),
  4,
);

heading("a loop whose length its values tell: 10,000 steps on a tape");
const counted = (w, n) => fori(0, n, (_, s) => sin(mul(s, w)), mul(w, 0.5));
const value = compile(counted, ["f64", "i32"]);
const gradient = compile((w, n) => grad(counted)(w, n), ["f64", "i32"]);
against(
  "gradient, the value",
  () => gradient(0.99, steps),
  () => value(0.99, steps),
  5,
);

heading("a carried tensor of 4,000 elements, one written in each of 4,000 steps");
const size = 4000;
const running = (x) => sum(fori(1, size, (i, t) => t.set([i], add(mul(t.at(sub(i, 1)), 0.5), t.at(i))), x));
const written = compile(running, [`f64[${size}]`]);
const writtenByHand = (x) => {
  const t = x.slice();
  for (let i = 1; i < size; i++) t[i] = t[i - 1] * 0.5 + t[i];
  let total = 0;
  for (let i = 0; i < size; i++) total += t[i];
  return total;
};
const data = xs.subarray(0, size);
against(
  "value, the same JavaScript loop",
  () => written(data),
  () => writtenByHand(data),
  1.5,
);
const writtenSlope = compile((x) => grad(running)(x), [`f64[${size}]`]);
const given = tensor(data);
against(
  "gradient, the value",
  () => writtenSlope(given),
  () => written(data),
  5,
);
process.exit(failures());
