// jax-js on its WebAssembly backend, jitted. Its arrays are counted by hand: a use consumes one unless it is of `.ref`.

import { introduce, offerRows } from "./offer.mjs";
import { versionOf } from "./version.mjs";

const { jax } = await introduce(async () => {
  // Node 20 has no Float16Array, for which the library looks without asking.
  globalThis.Float16Array ??= class {};
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return { name: `jax-js ${versionOf("@jax-js/jax")}`, jax };
});
const { blockUntilReady, jit, lax, nn, numpy: np, tree, valueAndGrad } = jax;

const arrayOf = ({ data, shape }) => np.array(data).reshape(shape);
const arraysOf = (inputs, names = Object.keys(inputs)) => names.map((name) => arrayOf(inputs[name]));

/** A jitted function of inputs that stay where they are; what it gives is waited for and let go. */
function calls(f, given) {
  const jitted = jit(f);
  const call = () => jitted(...tree.ref(given));
  const work = async () => {
    const result = call();
    await blockUntilReady(result);
    tree.dispose(result);
  };
  const results = async () => Promise.all(tree.leaves(call()).map((array) => array.data()));
  return { work, results };
}

const of = (f) => (inputs) => calls(f, arraysOf(inputs));

function gelu(a, b, c) {
  const t = a.mul(b).add(c);
  const cubic = t.ref.mul(t.ref).mul(t.ref).mul(0.044715);
  const inner = t.ref.add(cubic).mul(Math.sqrt(2 / Math.PI));
  return t.mul(0.5).mul(np.tanh(inner).add(1));
}

function layerNorm(x, g, b) {
  const mean = np.mean(x.ref, 1, { keepdims: true });
  const d = x.sub(mean);
  const variance = np.mean(d.ref.mul(d.ref), 1, { keepdims: true });
  return d
    .div(np.sqrt(variance.add(1e-5)))
    .mul(g)
    .add(b);
}

/** Steps of gradient descent on a tree of parameters: each reads its loss. */
function training(loss, parameters, given, count) {
  const step = jit((p, ...data) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(p), ...data);
    return [value, tree.map((q, g) => q.sub(g.mul(0.1)), p, gradients)];
  });
  let current = parameters;
  const work = async () => {
    const [value, next] = step(current, ...tree.ref(given));
    current = next;
    const [number] = await value.data();
    await blockUntilReady(current);
    return number;
  };
  const results = async () => {
    const losses = [];
    for (let i = 0; i < count; i++) losses.push(await work());
    return [losses];
  };
  return { work, results };
}

const named = (inputs, names) => Object.fromEntries(names.map((name) => [name, arrayOf(inputs[name])]));
const crossEntropy = (logits, oneHot) => nn.logSoftmax(logits, -1).mul(oneHot).sum(-1).mean().mul(-1);

const perceptronNames = ["W1", "b1", "W2", "b2", "W3", "b3"];

function perceptron(p, x) {
  const first = nn.relu(np.matmul(x, p.W1).add(p.b1));
  const second = nn.relu(np.matmul(first, p.W2).add(p.b2));
  return np.matmul(second, p.W3).add(p.b3);
}

/** Kernels and images with features before pixels, as its convolution takes them. */
function convolutional(p, x) {
  const convolved = (t, kernel, bias) =>
    nn.relu(lax.convGeneralDilated(t, kernel, [1, 1], "SAME").add(bias.reshape([-1, 1, 1])));
  // The largest of a reshaped array is faster than a window of its, and has the gradient of one.
  const pooled = (t) => {
    const [n, c, h, w] = t.shape;
    return np.max(t.reshape([n, c, h / 2, 2, w / 2, 2]), [3, 5]);
  };
  const first = pooled(convolved(x, p.k1, p.b1));
  const second = pooled(convolved(first, p.k2, p.b2));
  return np.matmul(np.mean(second, [2, 3]), p.W).add(p.b);
}

function trainNetwork(inputs) {
  const p = named(inputs, ["k1", "b1", "k2", "b2", "W", "b"]);
  for (const k of ["k1", "k2"]) p[k] = np.transpose(p[k], [3, 2, 0, 1]);
  const x = np.transpose(arrayOf(inputs.x), [0, 3, 1, 2]);
  const loss = (q, x, oneHot) => crossEntropy(convolutional(q, x), oneHot);
  const count = inputs.x.shape[1] > 28 ? 2 : 5;
  return training(loss, p, [x, arrayOf(inputs.oneHot)], count);
}

await offerRows({
  "gelu.value": of(gelu),
  "gelu.gradient": of(valueAndGrad((a, b, c) => gelu(a, b, c).sum(), { argnums: [0, 1, 2] })),
  softmax: of((x) => nn.softmax(x, 1)),
  layernorm: of(layerNorm),
  sum: of((x) => np.sum(x)),
  ...Object.fromEntries([256, 512, 1024].map((n) => [`product.${n}`, of((a, b) => np.matmul(a, b))])),
  "mlp.value": (inputs) => calls(perceptron, [named(inputs, perceptronNames), arrayOf(inputs.x)]),
  "mlp.step": (inputs) => {
    const loss = (p, x, oneHot) => crossEntropy(perceptron(p, x), oneHot);
    return training(loss, named(inputs, perceptronNames), arraysOf(inputs, ["x", "oneHot"]), 5);
  },
  "cnn.28": trainNetwork,
  "cnn.100": trainNetwork,
});
