// Arrays in f32 against loops by hand: with the IR's rounding and order, and the usual ones that round when they store.

import * as hand from "./by-hand.mjs";
import * as data from "./data.mjs";
import { adjoint } from "./library.mjs";
import { compare, finish, section } from "./measure.mjs";
import { mlpStep } from "./mlp-by-hand.mjs";
import { gelu, geluWithGradient, layerNormOf, perceptron, softmaxOfRows } from "./models.mjs";
import { gemm } from "./product-by-hand.mjs";

const { compile, matmul, sum, tensor } = adjoint;

/** One line each: ours against a side, the ratio of times at most `bar`. */
const against = (what, ours, byHand, bar, options) => compare(what, ours, byHand, bar, { rounds: 21, ...options });

function sameBits(what, got, want) {
  const at = want.findIndex((w, i) => !Object.is(got[i], w));
  if (at >= 0 || got.length !== want.length) throw new Error(`${what}: element ${at} is ${got[at]}, want ${want[at]}`);
}

/** Functions of f32 are our own, and those of the loops by hand are the engine's, rounded: each is within an ulp. */
function nearly(what, got, want, ulps) {
  const at = want.findIndex((w, i) => !(Math.abs(got[i] - w) <= ulps * 2 ** -23 * Math.abs(w)));
  if (at >= 0 || got.length !== want.length) throw new Error(`${what}: element ${at} is ${got[at]}, want ${want[at]}`);
}

function close(what, got, want, tolerance) {
  const worst = want.reduce((m, w, i) => Math.max(m, Math.abs(got[i] - w) / (1 + Math.abs(w))), 0);
  if (!(worst <= tolerance)) throw new Error(`${what}: off by ${worst}, at most ${tolerance} allowed`);
}

const fill = (n) => new Float32Array(n);
/** The usual loops write to memory that is there already; ours, and those with our rounding, to fresh memory. */
const kept = new Map();
const keep = (n, name = "out") => {
  const key = `${n} ${name}`;
  if (!kept.has(key)) kept.set(key, fill(n));
  return kept.get(key);
};

await section("gelu(a * b + c), f32, 1,048,576 elements", async () => {
  const n = 1 << 20;
  const [a, b, c] = [1, 2, 3].map((seed) => data.uniform(seed, n, -1, 1));
  const types = [`f32[${n}]`, `f32[${n}]`, `f32[${n}]`];
  const compiled = compile(gelu, types);
  const byHand =
    (loop, memory = fill) =>
    () => {
      const out = memory(n);
      hand.inRanges(n, (from, to) => loop(a, b, c, out, from, to));
      return out;
    };
  nearly("gelu", compiled(a, b, c).data(), byHand(hand.gelu32)(), 64);
  const ours = () => compiled(a, b, c);
  await against("forward, by hand with f32 rounding", ours, byHand(hand.gelu32), 1.1);
  await against("forward, the usual loop", ours, byHand(hand.gelu64, keep), 1.9);
  const gradient = compile(geluWithGradient, types);
  const gradient32 = () => {
    const out = [fill(n), fill(n), fill(n)];
    const values = fill(n);
    hand.inRanges(n, (from, to) => hand.geluGradient32(a, b, c, ...out, values, from, to));
    return [hand.sumOfRow(values, 0, n, 0), ...out];
  };
  const gradient64 = () => {
    const out = ["a", "b", "c"].map((name) => keep(n, name));
    let s = 0;
    hand.inRanges(n, (from, to) => {
      s += hand.geluGradient64(a, b, c, ...out, from, to);
    });
    return [s, ...out];
  };
  const [value, grads] = gradient(a, b, c);
  const want = gradient32();
  for (const [i, g] of grads.entries()) close("gelu's gradient", g.data(), want[i + 1], 5e-6);
  close("gelu's sum", [value.item()], [want[0]], 1e-4);
  const oursBack = () => gradient(a, b, c);
  await against("with gradient, by hand with f32 rounding", oursBack, gradient32, 1.1);
  await against("with gradient, the usual loop", oursBack, gradient64, 1.9);
});

const [rows, columns] = [1024, 1024];
const byHand = (work, memory, ...args) => {
  return () => {
    const out = memory(rows * columns);
    work(...args, out, rows, columns);
    return out;
  };
};

await section("softmax and layer norm of f32[1024, 1024], the sum of 10,000,000", async () => {
  const type = `f32[${rows}, ${columns}]`;
  const x = data.uniform(4, rows * columns, -4, 4);
  const softmax = compile(softmaxOfRows, [type]);
  nearly("softmax", softmax(x).data(), byHand(hand.softmax32, fill, x)(), 8);
  const ours = () => softmax(x);
  await against("softmax, by hand with f32 rounding", ours, byHand(hand.softmax32, fill, x), 1.1);
  await against("softmax, the usual loops", ours, byHand(hand.softmax64, keep, x), 1.7);
  const y = data.uniform(5, rows * columns, -2, 2);
  const [g, b] = [data.uniform(6, columns, 0.5, 1.5), data.uniform(7, columns, -0.5, 0.5)];
  const layerNorm = compile(layerNormOf(columns), [type, `f32[${columns}]`, `f32[${columns}]`]);
  sameBits("layer norm", layerNorm(y, g, b).data(), byHand(hand.layerNorm32, fill, y, g, b)());
  const oursNorm = () => layerNorm(y, g, b);
  await against("layer norm, by hand with f32 rounding", oursNorm, byHand(hand.layerNorm32, fill, y, g, b), 1.1);
  await against("layer norm, the usual loops", oursNorm, byHand(hand.layerNorm64, keep, y, g, b), 1.7);
  const z = data.uniform(8, 1e7, 0, 1);
  const total = compile((x) => sum(x), [`f32[${z.length}]`]);
  sameBits("sum", [total(z).item()], [hand.sum32(z)]);
  const oursTotal = () => total(z);
  await against("sum, by hand with f32 rounding", oursTotal, () => hand.sum32(z), 1.1);
  await against("sum, the usual loop", oursTotal, () => hand.sum64(z), 1.7);
});

await section(
  "product of f32 matrices / the usual blocked one, which accumulates in f64 (1 / 0.45 = 2.22)",
  async () => {
    for (const n of [128, 256, 512, 1024]) {
      const [A, B] = [data.uniform(9, n * n, -1, 1), data.uniform(10, n * n, -1, 1)];
      const compiled = compile(matmul, [`f32[${n}, ${n}]`, `f32[${n}, ${n}]`]);
      const usual = () => {
        const out = keep(n * n);
        gemm(n, n, n, A, 0, B, 0, out);
        return out;
      };
      close("product", compiled(A, B).data(), usual(), 1e-4);
      const options = { rounds: n > 512 ? 5 : 15, warmup: n > 512 ? 2 : 5 };
      await against(`${n} x ${n}`, () => compiled(A, B), usual, 2.22, options);
    }
  },
);

await section("training step of an MLP 784-256-128-10 on a batch of 128, f32", async () => {
  const { x, labels, W1, b1, W2, b2, W3, b3 } = data.perceptron();
  const oneHot = data.oneHot(labels, 10);
  for (const [name, batch] of [
    ["128", 128],
    ["symbolic", "B"],
  ]) {
    const compiled = compile(perceptron.step, perceptron.types(batch));
    let parameters = [W1, b1, W2, b2, W3, b3].map((p, i) => tensor(p.slice(), { shape: perceptron.shapes[i] }));
    const ours = () => {
      const [loss, ...next] = compiled(x, oneHot, ...parameters);
      parameters = next;
      return loss.item();
    };
    const usual = mlpStep(gemm, data.perceptron());
    for (let i = 0; i < 5; i++) close("loss", [ours()], [usual()], 1e-4);
    await against(`step, batch ${name}`, ours, usual, 2);
  }
});
finish();
