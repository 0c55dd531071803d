// An expression with its gradient: against the same by hand, and against mathjs.

import { all, create } from "mathjs";
import { compileExpression } from "../dist/index.js";
import { failures, heading, median, once, paired, report } from "./measure.mjs";

const text = "sin(x*y) + exp(z/3)*x^2 - log(1+y^2)";
const names = ["x", "y", "z"];
const n = 1_000_000;
const [xs, ys, zs] = [2, 2, 3].map((bound, k) =>
  Float64Array.from({ length: n }, (_, i) => Math.sin(i * 0.7 + k) * bound),
);

const value = (x, y, z) => Math.sin(x * y) + Math.exp(z / 3) * x * x - Math.log(1 + y * y);
const withGradient = (x, y, z) => {
  const t = x * y;
  const e = Math.exp(z / 3);
  const q = 1 + y * y;
  const c = Math.cos(t);
  const ex = e * x;
  return [Math.sin(t) + ex * x - Math.log(q), [y * c + 2 * ex, x * c - (2 * y) / q, (ex * x) / 3]];
};

let loops = 0;
/** A fresh loop per side: engines share feedback between functions of equal text. */
function loop(f, total, count = n) {
  const source = `/* ${loops++} */ return function run(xs, ys, zs) { let sum = 0; for (let i = 0; i < ${count}; i++) { const r = f(xs[i], ys[i], zs[i]); ${total} } return sum; }`;
  const run = new Function("f", source)(f);
  return () => run(xs, ys, zs);
}

function compare(what, bar, ours, byHand, total) {
  for (let i = 0; i < 1000; i++) {
    const [got, want] = [ours(xs[i], ys[i], zs[i]), byHand(xs[i], ys[i], zs[i])].map((r) => [r].flat(2));
    if (got.some((v, k) => Math.abs(v - want[k]) > 1e-12 * (1 + Math.abs(want[k]))))
      throw new Error(`${what}: ${got}, want ${want}`);
  }
  const { a, b, ratio } = paired(loop(ours, total), loop(byHand, total));
  report(what, ratio, bar, `${((a * 1e6) / n).toFixed(1)} ns against ${((b * 1e6) / n).toFixed(1)} ns`);
  return (a * 1e6) / n;
}

const totals = ["sum += r;", "sum += r[0] + r[1][0] + r[1][1] + r[1][2];"];
heading(`${text}, compiled / by hand`);
const ours = [compileExpression(text, names), compileExpression(text, names, { gradient: true })];
const times = [
  compare("value", 1.05, ours[0], value, totals[0]),
  compare("value and gradient", 1.1, ours[1], withGradient, totals[1]),
];

heading("mathjs / compiled (at least)");
const math = create(all);
const compiled = math.compile(text);
const slopes = names.map((name) => math.derivative(text, name).compile());
const scope = { x: 0, y: 0, z: 0 };
const at = (x, y, z) => Object.assign(scope, { x, y, z });
const sides = [
  (x, y, z) => compiled.evaluate(at(x, y, z)),
  (x, y, z) => [compiled.evaluate(at(x, y, z)), slopes.map((d) => d.evaluate(scope))],
];
const few = 20_000;
for (const [k, [what, bar]] of [
  ["value", 20],
  ["value and gradient", 40],
].entries()) {
  const run = loop(sides[k], totals[k], few);
  run();
  const theirs = (median(Array.from({ length: 5 }, () => once(run))) * 1e6) / few;
  report(
    `${what}: compiled / mathjs`,
    times[k] / theirs,
    1 / bar,
    `${theirs.toFixed(0)} ns, ${(theirs / times[k]).toFixed(0)} times as long`,
  );
}
process.exit(failures());
