// Arrays in f32 against loops by hand: with the IR's rounding and order, and the usual ones that round when they store.
// The data, and the blocked matrix product by hand, are those of the shared benchmarks beside the checkout.

import {
  add,
  compile,
  div,
  equal,
  exp,
  log,
  matmul,
  max,
  maximum,
  mul,
  neg,
  rsqrt,
  sub,
  sum,
  tanh,
  tensor,
  valueAndGrad,
  where,
} from "../dist/index.js";
import * as hand from "./by-hand.mjs";
import { failures, heading, paired, report } from "./measure.mjs";
import { mlpStep } from "./mlp-by-hand.mjs";

const shared = new URL("../../shared/bench/", import.meta.url);
const { D: data } = await import(new URL("common.mjs", shared));
const { gemm } = await import(new URL("jsgemm.mjs", shared));
const asked = process.argv.slice(2);
const wants = (id) => asked.length === 0 || asked.includes(id);

/** One line each: ours against a side, the ratio of times at most `bar`. */
function against(what, ours, byHand, bar, options) {
  const { a, b, ratio } = paired(ours, byHand, { rounds: 21, ...options });
  report(what, ratio, bar, `${a.toFixed(2)} ms against ${b.toFixed(2)} ms`);
}

function sameBits(what, got, want) {
  const at = want.findIndex((w, i) => !Object.is(got[i], w));
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

if (wants("W2")) {
  heading("W2: gelu(a * b + c), f32, 1,048,576 elements");
  const { n, a, b, c } = data.w2();
  const gelu = (a, b, c) => {
    const t = add(mul(a, b), c);
    const inner = mul(Math.fround(Math.sqrt(2 / Math.PI)), add(t, mul(Math.fround(0.044715), mul(mul(t, t), t))));
    return mul(mul(0.5, t), add(1, tanh(inner)));
  };
  const types = [`f32[${n}]`, `f32[${n}]`, `f32[${n}]`];
  const ours = compile(gelu, types);
  const byHand =
    (loop, memory = fill) =>
    () => {
      const out = memory(n);
      hand.inRanges(n, (from, to) => loop(a, b, c, out, from, to));
      return out;
    };
  sameBits("W2", ours(a, b, c).data(), byHand(hand.gelu32)());
  against("forward, by hand with f32 rounding", () => ours(a, b, c), byHand(hand.gelu32), 1.1);
  against("forward, the usual loop", () => ours(a, b, c), byHand(hand.gelu64, keep), 1.9);
  const gradient = compile((a, b, c) => valueAndGrad((...x) => sum(gelu(...x)), { wrt: [0, 1, 2] })(a, b, c), types);
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
  for (const [i, g] of grads.entries()) close("W2 gradient", g.data(), want[i + 1], 5e-6);
  close("W2 value", [value.item()], [want[0]], 1e-4);
  against("with gradient, by hand with f32 rounding", () => gradient(a, b, c), gradient32, 1.1);
  against("with gradient, the usual loop", () => gradient(a, b, c), gradient64, 1.9);
}

if (wants("W3")) {
  const [rows, columns] = [1024, 1024];
  heading("W3: softmax and layer norm of f32[1024, 1024], the sum of 10,000,000");
  const type = `f32[${rows}, ${columns}]`;
  const x = data.w3s();
  const softmax = compile(
    (x) => {
      const e = exp(sub(x, max(x, { axes: [1], keepDims: true })));
      return div(e, sum(e, { axes: [1], keepDims: true }));
    },
    [type],
  );
  const byHand = (work, memory, ...args) => {
    return () => {
      const out = memory(rows * columns);
      work(...args, out, rows, columns);
      return out;
    };
  };
  sameBits("softmax", softmax(x).data(), byHand(hand.softmax32, fill, x)());
  against("softmax, by hand with f32 rounding", () => softmax(x), byHand(hand.softmax32, fill, x), 1.1);
  against("softmax, the usual loops", () => softmax(x), byHand(hand.softmax64, keep, x), 1.7);
  const { x: y, g, b } = data.w3l();
  const layerNorm = compile(
    (x, g, b) => {
      const mean = div(sum(x, { axes: [1], keepDims: true }), columns);
      const d = sub(x, mean);
      const variance = div(sum(mul(d, d), { axes: [1], keepDims: true }), columns);
      return add(mul(mul(d, rsqrt(add(variance, Math.fround(1e-5)))), g), b);
    },
    [type, `f32[${columns}]`, `f32[${columns}]`],
  );
  sameBits("layer norm", layerNorm(y, g, b).data(), byHand(hand.layerNorm32, fill, y, g, b)());
  against(
    "layer norm, by hand with f32 rounding",
    () => layerNorm(y, g, b),
    byHand(hand.layerNorm32, fill, y, g, b),
    1.1,
  );
  against("layer norm, the usual loops", () => layerNorm(y, g, b), byHand(hand.layerNorm64, keep, y, g, b), 1.7);
  const z = data.w3sum();
  const total = compile((x) => sum(x), [`f32[${z.length}]`]);
  sameBits("sum", [total(z)], [hand.sum32(z)]);
  against(
    "sum, by hand with f32 rounding",
    () => total(z),
    () => hand.sum32(z),
    1.1,
  );
  against(
    "sum, the usual loop",
    () => total(z),
    () => hand.sum64(z),
    1.7,
  );
}

if (wants("W4")) {
  heading("W4: product of f32 matrices / the usual blocked one, which accumulates in f64 (1 / 0.45 = 2.22)");
  for (const n of [128, 256, 512, 1024]) {
    const { A, B } = data.w4(n);
    const ours = compile(matmul, [`f32[${n}, ${n}]`, `f32[${n}, ${n}]`]);
    const usual = () => {
      const out = keep(n * n);
      gemm(n, n, n, A, 0, B, 0, out);
      return out;
    };
    close("W4", ours(A, B).data(), usual(), 1e-4);
    against(`${n} x ${n}`, () => ours(A, B), usual, 2.22, { rounds: n > 512 ? 5 : 15, warmup: n > 512 ? 2 : 5 });
  }
}

if (wants("W5")) {
  heading("W5: training step of an MLP 784-256-128-10 on a batch of 128, f32");
  const { x, lab, W1, b1, W2, b2, W3, b3 } = data.w5();
  const oneHot = fill(1280);
  for (const [i, label] of lab.entries()) oneHot[i * 10 + label] = 1;
  const forward = (x, W1, b1, W2, b2, W3, b3) => {
    const relu = (t) => maximum(t, 0);
    return add(matmul(relu(add(matmul(relu(add(matmul(x, W1), b1)), W2), b2)), W3), b3);
  };
  const crossEntropy = (logits, oneHot) => {
    const shifted = sub(logits, max(logits, { axes: [1], keepDims: true }));
    const logs = sub(shifted, log(sum(exp(shifted), { axes: [1], keepDims: true })));
    return div(neg(sum(where(equal(oneHot, 1), logs, 0))), 128);
  };
  const shapes = ["f32[784, 256]", "f32[256]", "f32[256, 128]", "f32[128]", "f32[128, 10]", "f32[10]"];
  const step = (x, oneHot, ...parameters) => {
    const loss = (...p) => crossEntropy(forward(x, ...p), oneHot);
    const [value, gradients] = valueAndGrad(loss, { wrt: [0, 1, 2, 3, 4, 5] })(...parameters);
    return [value, ...parameters.map((p, i) => sub(p, mul(Math.fround(0.1), gradients[i])))];
  };
  for (const [name, batch] of [
    ["128", 128],
    ["symbolic", "B"],
  ]) {
    const compiled = compile(step, [`f32[${batch}, 784]`, `f32[${batch}, 10]`, ...shapes]);
    const dims = [[784, 256], [256], [256, 128], [128], [128, 10], [10]];
    let parameters = [W1, b1, W2, b2, W3, b3].map((p, i) => tensor(p.slice(), { shape: dims[i] }));
    const ours = () => {
      const [loss, ...next] = compiled(x, oneHot, ...parameters);
      parameters = next;
      return loss.item();
    };
    const [p1, q1, p2, q2, p3, q3] = [W1, b1, W2, b2, W3, b3].map((p) => p.slice());
    const usual = mlpStep(gemm, { x, labels: lab, W1: p1, b1: q1, W2: p2, b2: q2, W3: p3, b3: q3 });
    for (let i = 0; i < 5; i++) close("W5 loss", [ours()], [usual()], 1e-4);
    against(`step, batch ${name}`, ours, usual, 2);
  }
}
process.exit(failures());
