// An expression with its gradient: against the same by hand, and against mathjs.

import { adjoint } from "./library.mjs";
import { compare, finish, note, paired, report, section } from "./measure.mjs";

const { compileExpression } = adjoint;

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

const totals = ["sum += r;", "sum += r[0] + r[1][0] + r[1][1] + r[1][2];"];

async function against(what, bar, ours, byHand, total) {
  for (let i = 0; i < 1000; i++) {
    const [got, want] = [ours(xs[i], ys[i], zs[i]), byHand(xs[i], ys[i], zs[i])].map((r) => [r].flat(2));
    if (got.some((v, k) => Math.abs(v - want[k]) > 1e-12 * (1 + Math.abs(want[k]))))
      throw new Error(`${what}: ${got}, want ${want}`);
  }
  await compare(what, loop(ours, total), loop(byHand, total), bar, {
    detail: (a, b) => `${((a * 1e6) / n).toFixed(1)} ns against ${((b * 1e6) / n).toFixed(1)} ns`,
  });
}

await section(`${text}, compiled / by hand`, async () => {
  await against("value", 1.05, compileExpression(text, names), value, totals[0]);
  await against("value and gradient", 1.1, compileExpression(text, names, { gradient: true }), withGradient, totals[1]);
});

/** The peer, where it is installed. */
const mathjs = await import("mathjs").catch(() => undefined);
await section("mathjs / compiled (at least)", async () => {
  if (mathjs === undefined) return note("not measured: mathjs is not installed", "npm ci --prefix bench");
  const math = mathjs.create(mathjs.all);
  const compiled = math.compile(text);
  const slopes = names.map((name) => math.derivative(text, name).compile());
  const scope = { x: 0, y: 0, z: 0 };
  const at = (x, y, z) => Object.assign(scope, { x, y, z });
  const few = 20_000;
  const rows = [
    ["value", 20, {}, (x, y, z) => compiled.evaluate(at(x, y, z))],
    [
      "value and gradient",
      40,
      { gradient: true },
      (x, y, z) => [compiled.evaluate(at(x, y, z)), slopes.map((d) => d.evaluate(scope))],
    ],
  ];
  for (const [k, [what, bar, options, theirs]] of rows.entries()) {
    const [ours, other] = [compileExpression(text, names, options), theirs].map((f) => loop(f, totals[k], few));
    for (let i = 0; i < 50; i++) ours();
    const times = paired(ours, other, { rounds: 5, warmup: 1 });
    const longer = `${((times.b * 1e6) / few).toFixed(0)} ns, ${(times.b / times.a).toFixed(0)} times as long`;
    report(`${what}: compiled / mathjs`, times.ratio, 1 / bar, longer);
  }
});
finish();
