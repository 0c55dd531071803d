// W8: the objective of a Gaussian mixture and its gradient, as examples/adbench/gmm.ts writes it, against loops by hand.

import { likelihood } from "../dist/examples/adbench/gmm.js";
import { compile, tensor, valueAndGrad } from "../dist/index.js";
import { gmmByHand } from "./gmm-by-hand.mjs";
import { failures, heading, paired, report } from "./measure.mjs";

const { D: data } = await import(new URL("../../shared/bench/common.mjs", import.meta.url));
const { d, K, n, gamma, m, alphas, means, icf, x } = data.w8();
const types = [`f64[${K}]`, `f64[${K}, ${d}]`, `f64[${K}, ${(d * (d + 1)) / 2}]`, `f64[${n}, ${d}]`];
const wishart = { gamma, m };

const start = performance.now();
const objective = compile((a, mu, f, points) => likelihood(wishart, [a, mu, f, points]), types);
const both = compile(
  (a, mu, f, points) =>
    valueAndGrad((a2, mu2, f2) => likelihood(wishart, [a2, mu2, f2, points]), { wrt: [0, 1, 2] })(a, mu, f).flat(),
  types,
);
const open = types.map((type, i) => (i === 3 ? `f64[N, ${d}]` : type));
const symbolic = compile(
  (a, mu, f, points) =>
    valueAndGrad((a2, mu2, f2) => likelihood(wishart, [a2, mu2, f2, points]), { wrt: [0, 1, 2] })(a, mu, f).flat(),
  open,
);
console.log(`compiled three programs in ${(performance.now() - start).toFixed(0)} ms`);
const args = [
  tensor(alphas),
  tensor(means, { shape: [K, d] }),
  tensor(icf, { shape: [K, (d * (d + 1)) / 2] }),
  tensor(x, { shape: [n, d] }),
];
const hand = gmmByHand({ d, K, n, gamma, m, alphas, means, icf, x });

function close(what, got, want) {
  const worst = want.reduce((w, e, i) => Math.max(w, Math.abs(got[i] - e) / (1 + Math.abs(e))), 0);
  if (!(worst <= 1e-9)) throw new Error(`${what}: off by ${worst}`);
}
close("the objective", [objective(...args)], [hand.objective()]);
const [value, ...gradients] = both(...args);
hand.gradient();
close("the value", [value.item()], [hand.objective()]);
close(
  "the gradient",
  gradients.flatMap((g) => [...g.data()]),
  hand.gradients(),
);

function against(what, ours, other, bar) {
  const { a, b, ratio } = paired(ours, other, { rounds: 21 });
  report(what, ratio, bar, `${a.toFixed(2)} ms against ${b.toFixed(2)} ms`);
}
heading(`W8: GMM, d = ${d}, K = ${K}, n = ${n}, f64`);
against(
  "gradient and value, the objective",
  () => both(...args),
  () => objective(...args),
  4,
);
against(
  "gradient and value, by hand",
  () => both(...args),
  () => hand.gradient(),
  1.5,
);
against(
  "gradient and value at any n, by hand",
  () => symbolic(...args),
  () => hand.gradient(),
  1.5,
);
against(
  "objective, by hand",
  () => objective(...args),
  () => hand.objective(),
  1.5,
);
process.exit(failures());
