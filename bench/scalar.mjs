// Generated scalar functions against the same functions by hand, in a loop of a million.

import { adjoint } from "./library.mjs";
import { compare, finish, section } from "./measure.mjs";

const { add, compile, exp, mul, sin, valueAndGrad } = adjoint;

const n = 1_000_000;
const xs = Float64Array.from({ length: n }, (_, i) => Math.sin(i) * 2);
const ys = Float64Array.from({ length: n }, (_, i) => Math.cos(i * 0.7) * 2);

let loops = 0;

/** A fresh loop per side: engines share feedback between functions of equal text, so each text is its own. */
function loop(f, total) {
  const source = `/* ${loops++} */ return function run(xs, ys) { let sum = 0; for (let i = 0; i < xs.length; i++) { const r = f(xs[i], ys[i]); ${total} } return sum; }`;
  const run = new Function("f", source)(f);
  return () => run(xs, ys);
}

async function against(what, bar, generated, byHand, total) {
  for (const [x, y] of [
    [0.5, 1.5],
    [-2, 3],
    [0, -0],
  ]) {
    const [got, want] = [generated(x, y), byHand(x, y)].map((r) => [r].flat(2));
    if (got.length !== want.length || got.some((v, i) => Math.abs(v - want[i]) > 1e-12)) {
      throw new Error(`${what}: got ${got}, want ${want}`);
    }
  }
  await compare(what, loop(generated, total), loop(byHand, total), bar);
}

const types = ["f64", "f64"];
await section("scalar functions in a loop of a million, generated / by hand", async () => {
  await against(
    "value: a * b",
    1.05,
    compile((a, b) => mul(a, b), types),
    (a, b) => a * b,
    "sum += r;",
  );
  await against(
    "value: sin(x*y) + exp(x)*y",
    1.05,
    compile((x, y) => add(sin(mul(x, y)), mul(exp(x), y)), types),
    (x, y) => Math.sin(x * y) + Math.exp(x) * y,
    "sum += r;",
  );
  const polynomial = (x, y) => add(mul(add(mul(add(mul(x, y), 3), x), 2), y), mul(mul(x, x), add(y, -1)));
  await against(
    "value: a polynomial",
    1.05,
    compile(polynomial, types),
    (x, y) => ((x * y + 3) * x + 2) * y + x * x * (y - 1),
    "sum += r;",
  );
  await against(
    "value and gradient: a * b",
    1.1,
    compile((a, b) => {
      const [v, [da, db]] = valueAndGrad((p, q) => mul(p, q), { wrt: [0, 1] })(a, b);
      return [v, da, db];
    }, types),
    (a, b) => [a * b, b, a],
    "sum += r[0] + r[1] + r[2];",
  );
  await against(
    "value and gradient: sin(x*y) + exp(x)*y",
    1.1,
    compile((x, y) => {
      const [v, [dx, dy]] = valueAndGrad((p, q) => add(sin(mul(p, q)), mul(exp(p), q)), { wrt: [0, 1] })(x, y);
      return [v, dx, dy];
    }, types),
    (x, y) => {
      const t = x * y;
      const e = Math.exp(x);
      const c = Math.cos(t);
      return [Math.sin(t) + e * y, c * y + e * y, c * x + e];
    },
    "sum += r[0] + r[1] + r[2];",
  );
});
finish();
