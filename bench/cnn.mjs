// The training step of a small convolutional network, f32, images of 28 x 28 and 100 x 100: against the usual loops,
// one compilation for all sizes against one for each, and how long compiling takes.
import {
  compile,
  conv2d,
  crossEntropy,
  globalAvgPool,
  matmul,
  maxPool,
  mul,
  relu,
  sub,
  tensor,
  valueAndGrad,
} from "../dist/index.js";
import { cnnStep } from "./cnn-by-hand.mjs";
import { failures, heading, median, once, paired, report } from "./measure.mjs";

const shared = new URL("../../shared/bench/", import.meta.url);
const { D: data } = await import(new URL("common.mjs", shared));
const { gemm } = await import(new URL("jsgemm.mjs", shared));

const shapes = [[3, 3, 1, 16], [16], [3, 3, 16, 32], [32], [32, 10], [10]];

function loss(x, labels, k1, b1, k2, b2, W, b) {
  const first = maxPool(relu(conv2d(x, k1, b1, { padding: "same" })), 2);
  const second = maxPool(relu(conv2d(first, k2, b2, { padding: "same" })), 2);
  return crossEntropy(matmul(globalAvgPool(second), W).add(b), labels);
}

function step(x, labels, ...parameters) {
  const ofParameters = (...p) => loss(x, labels, ...p);
  const [value, gradients] = valueAndGrad(ofParameters, { wrt: [0, 1, 2, 3, 4, 5] })(...parameters);
  return [value, ...parameters.map((p, i) => sub(p, mul(Math.fround(0.1), gradients[i])))];
}

function compiled(height, width) {
  const types = [`f32[32, ${height}, ${width}, 1]`, "i32[32]", ...shapes.map((s) => `f32[${s}]`)];
  return compile(step, types);
}

/** Steps of a compiled function, from the initial parameters; each gives the loss. */
function training(run, size) {
  const { x, lab, ...initial } = data.w6(size);
  const { k1, b1, k2, b2, W, b } = initial;
  const image = tensor(x, { shape: [32, size, size, 1] });
  const labels = tensor(lab, { shape: [32] });
  let parameters = [k1, b1, k2, b2, W, b].map((p, i) => tensor(p.slice(), { shape: shapes[i] }));
  return () => {
    const [value, ...next] = run(image, labels, ...parameters);
    parameters = next;
    return value.item();
  };
}

function usual(size) {
  const { x, lab, k1, b1, k2, b2, W, b } = data.w6(size);
  const [p1, q1, p2, q2, p3, q3] = [k1, b1, k2, b2, W, b].map((p) => p.slice());
  return cnnStep(gemm, size, { x, labels: lab, k1: p1, b1: q1, k2: p2, b2: q2, W: p3, b: q3 });
}

function close(what, got, want) {
  if (!(Math.abs(got - want) <= 1e-4 * (1 + Math.abs(want)))) throw new Error(`${what} is ${got}, want ${want}`);
}

heading("compiling the training step of a CNN, ms");
const times = Array.from({ length: 7 }, () => once(() => compiled("H", "W")));
report("first, in a process that has compiled nothing yet", times[0], 400, "(no bar of its own)");
report("median of the six after it", median(times.slice(1)), 100, times.map((t) => t.toFixed(0)).join(" "));

heading("W6: training step of a CNN on a batch of 32, f32, NHWC");
const open = compiled("H", "W");
for (const size of [28, 100]) {
  const ofSize = training(compiled(size, size), size);
  const ofAll = training(open, size);
  const byHand = usual(size);
  for (let i = 0; i < 5; i++) {
    const value = ofSize();
    close(`W6.${size} loss ${i}`, value, byHand());
    if (!Object.is(ofAll(), value)) throw new Error(`W6.${size}: loss ${i} differs with open sizes`);
  }
  const options = { rounds: size === 28 ? 21 : 7, warmup: size === 28 ? 5 : 2 };
  const line = (what, a, b, bar) => {
    const times = paired(a, b, options);
    report(what, times.ratio, bar, `${times.a.toFixed(1)} ms against ${times.b.toFixed(1)} ms`);
  };
  line(`step ${size} x ${size}, the usual loops`, ofSize, byHand, 2);
  line(`step ${size} x ${size}, one compilation for all sizes / for this one`, ofAll, ofSize, 1.15);
}
process.exit(failures());
