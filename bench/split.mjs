// Large straight-line functions: cost per operation at 10,000 operations against 100.

import { add, compile, mul } from "../dist/index.js";
import { failures, heading, median, once, report } from "./measure.mjs";

function chain(operations) {
  return compile(
    (x, a, b) => {
      let v = x;
      for (let i = 0; i < operations / 2; i++) v = add(mul(v, a), b);
      return v;
    },
    ["f64", "f64", "f64"],
  );
}

function perOperation(operations) {
  const f = chain(operations);
  const calls = Math.round(2_000_000 / operations);
  const work = () => {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += f(0.5 + i * 1e-9, 0.999, 0.001);
    return sum;
  };
  for (let i = 0; i < 20; i++) work();
  return () => (once(work) * 1e6) / (calls * operations);
}

heading("cost per operation of straight-line code, 10,000 operations / 100");
const [small, large] = [100, 10_000].map(perOperation);
const rounds = Array.from({ length: 21 }, () => [small(), large()]);
const ratio = median(rounds.map(([s, l]) => l / s));
report(
  "10,000 operations against 100, per operation",
  ratio,
  3,
  `${median(rounds.map((r) => r[1])).toFixed(2)} ns against ${median(rounds.map((r) => r[0])).toFixed(2)} ns`,
);
process.exit(failures());
