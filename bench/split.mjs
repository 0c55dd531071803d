// Large straight-line functions: cost per operation at 10,000 operations against 100.

import { adjoint } from "./library.mjs";
import { finish, median, once, report, section, track } from "./measure.mjs";

const { add, compile, mul } = adjoint;

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

/** Calls of a chain, in all two million operations. */
function callsOf(operations) {
  const f = chain(operations);
  const calls = Math.round(2_000_000 / operations);
  return () => {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += f(0.5 + i * 1e-9, 0.999, 0.001);
    return sum;
  };
}

await section("cost per operation of straight-line code, 10,000 operations / 100", async () => {
  const sizes = [100, 10_000];
  const [small, large] = sizes.map(callsOf);
  await track("100 operations", small);
  await track("10,000 operations", large);
  for (let i = 0; i < 20; i++) {
    small();
    large();
  }
  const perOperation = (work) => once(work) / 2;
  const rounds = Array.from({ length: 21 }, () => [perOperation(small), perOperation(large)]);
  report(
    "10,000 operations against 100, per operation",
    median(rounds.map(([s, l]) => l / s)),
    3,
    `${median(rounds.map((r) => r[1])).toFixed(2)} ns against ${median(rounds.map((r) => r[0])).toFixed(2)} ns`,
  );
});
finish();
