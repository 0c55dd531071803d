// The objective of a Gaussian mixture and its gradient, as examples/adbench/gmm.ts writes it, against loops by hand.

import { mixture } from "./adbench-data.mjs";
import { gmmByHand } from "./gmm-by-hand.mjs";
import { adjoint, load } from "./library.mjs";
import { compare, finish, note, section } from "./measure.mjs";

const { compile, tensor, valueAndGrad } = adjoint;
const { likelihood } = await load("examples/adbench/gmm.js");

function close(what, got, want) {
  const worst = want.reduce((w, e, i) => Math.max(w, Math.abs(got[i] - e) / (1 + Math.abs(e))), 0);
  if (!(worst <= 1e-9)) throw new Error(`${what}: off by ${worst}`);
}

async function measured(d, K, n) {
  const data = mixture(d, K, n);
  const { gamma, m, alphas, means, icf, x, origin } = data;
  await section(`Gaussian mixture, d = ${d}, K = ${K}, n = ${n}, f64 (${origin})`, async () => {
    const size = (d * (d + 1)) / 2;
    const types = [`f64[${K}]`, `f64[${K}, ${d}]`, `f64[${K}, ${size}]`, `f64[${n}, ${d}]`];
    const wishart = { gamma, m };
    const start = performance.now();
    const objective = compile((a, mu, f, points) => likelihood(wishart, [a, mu, f, points]), types);
    const withGradient = (a, mu, f, points) => {
      const ofPoints = (a2, mu2, f2) => likelihood(wishart, [a2, mu2, f2, points]);
      return valueAndGrad(ofPoints, { wrt: [0, 1, 2] })(a, mu, f).flat();
    };
    const both = compile(withGradient, types);
    const symbolic = compile(withGradient, [...types.slice(0, 3), `f64[N, ${d}]`]);
    note("compiled three programs", `${(performance.now() - start).toFixed(0)} ms`);
    const args = [
      tensor(alphas),
      tensor(means, { shape: [K, d] }),
      tensor(icf, { shape: [K, size] }),
      tensor(x, { shape: [n, d] }),
    ];
    const hand = gmmByHand(data);
    close("the objective", [Number(objective(...args))], [hand.objective()]);
    const [value, ...gradients] = both(...args);
    hand.gradient();
    close("the value", [value.item()], [hand.objective()]);
    const elements = gradients.flatMap((g) => [...g.data()]);
    close("the gradient", elements, hand.gradients());

    const [gradientOurs, objectiveOurs] = [() => both(...args), () => objective(...args)];
    const options = { rounds: 21 };
    await compare("gradient and value, the objective", gradientOurs, objectiveOurs, 4, options);
    await compare("gradient and value, by hand", gradientOurs, () => hand.gradient(), 1.5, options);
    await compare(
      "gradient and value at any n, by hand",
      () => symbolic(...args),
      () => hand.gradient(),
      1.5,
      options,
    );
    await compare("objective, by hand", objectiveOurs, () => hand.objective(), 1.5, options);
  });
}

await measured(10, 25, 1000);
await measured(2, 5, 1000);
finish();
