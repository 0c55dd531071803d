// Compile time: linear in the number of operations, and against jax-js on the same chain.

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

heading("compile of a chain of 1,000 operations on [1024], trace to first result, ours / jax-js");
await peer();
process.exit(failures());

async function peer() {
  globalThis.Float16Array ??= class {};
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const n = 1000;
  const input = (v) => new Float32Array(1024).fill(v);
  let expected = 0.5;
  for (let i = 0; i < n / 2; i++) expected = expected * 0.999 + 0.001;
  const ours = () =>
    once(() => compile(chain(n), ["f32[1024]", "f32[1024]", "f32[1024]"])(input(0.5), input(0.999), input(0.001)));
  const theirs = async () => {
    const [x, a, b] = [0.5, 0.999, 0.001].map((v) => jax.numpy.array(input(v)));
    const f = jax.jit((x, a, b) => {
      let v = x;
      for (let i = 0; i < n / 2; i++) v = v.mul(a.ref).add(b.ref);
      a.dispose();
      b.dispose();
      return v;
    });
    const start = performance.now();
    const result = await f(x.ref, a.ref, b.ref).data();
    if (Math.abs(result[0] - expected) > 1e-3) throw new Error(`jax-js gave ${result[0]}, want ${expected}`);
    return performance.now() - start;
  };
  const pairs = [];
  for (let i = 0; i < 3; i++) pairs.push([ours(), await theirs()]);
  const [mine, other] = [median(pairs.map((p) => p[0])), median(pairs.map((p) => p[1]))];
  note("milliseconds, trace to first result", `${mine.toFixed(1)} against ${other.toFixed(1)}`);
  report("ours / jax-js", mine / other, 0.1);
}
