// Compile time: linear in the number of operations, and against jax-js on the same chain.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { adjoint } from "./library.mjs";
import { finish, isAsked, median, note, once, report, saysItsTime, section, track } from "./measure.mjs";

const { add, compile, mul, sin, valueAndGrad } = adjoint;

const chain = (n) => (x, a, b) => {
  let v = x;
  for (let i = 0; i < n / 2; i++) v = add(mul(v, a), b);
  return v;
};
/** Many independent products, summed in a balanced tree. */
const wide = (n) => (x, a, b) => {
  let level = Array.from({ length: n / 4 }, (_, i) => mul(sin(mul(x, i + 0.5)), i % 2 === 0 ? a : b));
  while (level.length > 1) {
    const next = [];
    for (let i = 0; i + 1 < level.length; i += 2) next.push(add(level[i], level[i + 1]));
    if (level.length % 2 === 1) next.push(level[level.length - 1]);
    level = next;
  }
  return level[0];
};
const gradientOf = (make) => (n) => {
  const f = make(n);
  return (x, a, b) => valueAndGrad(f, { wrt: [0, 1, 2] })(x, a, b);
};
const types = ["f64", "f64", "f64"];
const compileOnce = (make, n) => () => compile(make(n), types)(0.5, 0.999, 0.001);

function perOperation(make, n, rounds) {
  return median(Array.from({ length: rounds }, () => (once(compileOnce(make, n)) * 1000) / n));
}

const graphs = {
  chain,
  "gradient of a chain": gradientOf(chain),
  "wide graph": wide,
  "gradient of a wide graph": gradientOf(wide),
};

/** What differs between sizes: reported as a ratio, and followed between builds at each of two sizes. */
async function linear(name, make) {
  await track(`${name}, 1,000 operations`, compileOnce(make, 1000));
  await track(`${name}, 30,000 operations`, compileOnce(make, 30_000));
  if (isAsked) return;
  perOperation(make, 1000, 10);
  const small = perOperation(make, 1000, 15);
  const middle = perOperation(make, 10_000, 3);
  const large = perOperation(make, 100_000, 3);
  const figures = `${small.toFixed(1)} / ${middle.toFixed(1)} / ${large.toFixed(1)} µs at 1,000 / 10,000 / 100,000`;
  report(name, large / small, 2, figures);
  report(`${name}: µs an operation at 100,000`, large, 50);
}

await section("compile time per operation, trace to first result: 100,000 operations / 1,000 (µs)", async () => {
  for (const [name, make] of Object.entries(graphs)) await linear(name, make);
});

/** In a process of its own: jax-js keeps what it compiled, and would only look up an equal program. */
const firstCompile = (side) =>
  saysItsTime(() => {
    const script = fileURLToPath(new URL("first-compile.mjs", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, ["--stack-size=4000", script, side], { encoding: "utf8" });
    const milliseconds = Number.parseFloat(stdout);
    if (!(milliseconds > 0)) throw new Error(`${side}: ${stdout}${stderr}`);
    return milliseconds;
  });

const isInstalled = await import("@jax-js/jax").then(
  () => true,
  () => false,
);
await section(
  "first compile of a chain of 1,000 operations on [1024], trace to first result, ours / jax-js",
  async () => {
    const [ours, theirs] = [firstCompile("adjoint"), firstCompile("jax-js")];
    await track("ours", ours);
    if (isAsked) return;
    if (!isInstalled) return note("not measured: jax-js is not installed", "npm ci --prefix bench");
    const pairs = Array.from({ length: 5 }, () => [ours(), theirs()]);
    const [mine, other] = [0, 1].map((k) => median(pairs.map((p) => p[k])));
    note("milliseconds", `${mine.toFixed(1)} against ${other.toFixed(1)}`);
    report("ours / jax-js", mine / other, 0.1);
  },
);
finish();
