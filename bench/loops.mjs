// A scan of 10,000 steps against the same loop by hand, its gradient against it, and a loop that writes to what it carries.

import { adjoint } from "./library.mjs";
import { compare, finish, section } from "./measure.mjs";

const { add, compile, fori, grad, mul, scan, sin, sub, sum, tensor } = adjoint;

const steps = 10_000;
const xs = Float64Array.from({ length: steps }, (_, i) => Math.sin(i));

/** A sample takes milliseconds: one call is over too soon to be timed. */
const calls = 20;
const often = (f) => () => {
  for (let i = 0; i < calls; i++) f();
};

const nanoseconds = (ms) => ((ms * 1e6) / steps / calls).toFixed(1);

const against = (what, ours, other, bar) =>
  compare(what, often(ours), often(other), bar, {
    rounds: 41,
    detail: (a, b) => `${nanoseconds(a)} ns a step against ${nanoseconds(b)} ns`,
  });

await section("scan of 10,000 steps: s = sin(s * w) + x", async () => {
  const last = (w, x) => scan((s, e) => [add(sin(mul(s, w)), e), 0], 0.5, x)[0];
  const ours = compile(last, ["f64", `f64[${steps}]`]);
  const byHand = (w, x) => {
    let s = 0.5;
    for (let i = 0; i < steps; i++) s = Math.sin(s * w) + x[i];
    return s;
  };
  if (!Object.is(Number(ours(0.9, xs)), byHand(0.9, xs))) throw new Error("the scan gives other bits than the loop");
  await against(
    "value, the same JavaScript loop",
    () => ours(0.9, xs),
    () => byHand(0.9, xs),
    1.2,
  );
  const slope = compile((w, x) => grad(last, { wrt: 0 })(w, x), ["f64", `f64[${steps}]`]);
  await against(
    "gradient of one parameter, the value",
    () => slope(0.9, xs),
    () => ours(0.9, xs),
    4,
  );
  const slopes = compile((w, x) => grad(last, { wrt: [0, 1] })(w, x), ["f64", `f64[${steps}]`]);
  await against(
    "gradient of all, the value",
    () => slopes(0.9, xs),
    () => ours(0.9, xs),
    4,
  );
});

await section("a loop whose length its values tell: 10,000 steps on a tape", async () => {
  const counted = (w, n) => fori(0, n, (_, s) => sin(mul(s, w)), mul(w, 0.5));
  const value = compile(counted, ["f64", "i32"]);
  const gradient = compile((w, n) => grad(counted)(w, n), ["f64", "i32"]);
  await against(
    "gradient, the value",
    () => gradient(0.99, steps),
    () => value(0.99, steps),
    5,
  );
});

await section("a carried tensor of 4,000 elements, one written in each of 4,000 steps", async () => {
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
  await against(
    "value, the same JavaScript loop",
    () => written(data),
    () => writtenByHand(data),
    1.5,
  );
  const writtenSlope = compile((x) => grad(running)(x), [`f64[${size}]`]);
  const given = tensor(data);
  await against(
    "gradient, the value",
    () => writtenSlope(given),
    () => written(data),
    5,
  );
});
finish();
