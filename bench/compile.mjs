// Compile time: linear in the number of operations, and against jax-js on the same chain.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { add, compile, mul, sin, valueAndGrad } from "../dist/index.js";
import { failures, heading, median, note, once, report } from "./measure.mjs";

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

function perOperation(make, n, rounds) {
  return median(
    Array.from({ length: rounds }, () => (once(() => compile(make(n), types)(0.5, 0.999, 0.001)) * 1000) / n),
  );
}

heading("compile time per operation, trace to first result: 100,000 operations / 1,000 (µs)");
const graphs = {
  chain,
  "gradient of a chain": gradientOf(chain),
  "wide graph": wide,
  "gradient of a wide graph": gradientOf(wide),
};
for (const [name, make] of Object.entries(graphs)) {
  perOperation(make, 1000, 10);
  const small = perOperation(make, 1000, 15);
  const middle = perOperation(make, 10_000, 3);
  const large = perOperation(make, 100_000, 3);
  report(
    name,
    large / small,
    2,
    `${small.toFixed(1)} / ${middle.toFixed(1)} / ${large.toFixed(1)} µs at 1,000 / 10,000 / 100,000`,
  );
  report(`${name}: µs an operation at 100,000`, large, 50);
}

heading("first compile of a chain of 1,000 operations on [1024] in a process, trace to first result, ours / jax-js");
const pairs = Array.from({ length: 5 }, () => [firstCompile("adjoint"), firstCompile("jax-js")]);
const [mine, other] = [median(pairs.map((p) => p[0])), median(pairs.map((p) => p[1]))];
note("milliseconds", `${mine.toFixed(1)} against ${other.toFixed(1)}`);
report("ours / jax-js", mine / other, 0.1);
process.exit(failures());

/** In a process of its own: jax-js keeps what it compiled, and would only look up an equal program. */
function firstCompile(side) {
  const script = fileURLToPath(new URL("first-compile.mjs", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--stack-size=4000", script, side], { encoding: "utf8" });
  const milliseconds = Number.parseFloat(stdout);
  if (!(milliseconds > 0)) throw new Error(`${side}: ${stdout}${stderr}`);
  return milliseconds;
}
