// What is measured beside peers: the rows in their order, and what each is to take at most of the time of others. `limit` says what
// the side of limits does in a row.

import { separator } from "../measure.mjs";

/** Those that products are compared with, by the names of sides. */
const inJavaScript = ["jax-js", "TensorFlow.js", "ONNX Runtime"];

/** What a bar says: at most so often the time of one of these, of the fastest where there are several. */
const most = (times, ...of) => ({ times, of });

/** At least so much of what the machine does. */
const share = (part) => most(1 / part, "limits");

const gelu = "gelu(a · b + c), f32, 1,048,576 elements";
const rowsOf = "f32, 1,024 rows of 1,024";
const product = "product of f32 matrices";
const perceptron = "perceptron 784-256-128-10, batch of 128, f32";
const network = "training step of a CNN, batch of 32, f32";
const mixture = "Gaussian mixture, d = 10, K = 25, n = 1,000, f64";
const small = "small tensors";
const warm = "compiling, milliseconds of the processor";
const fresh = "first result of a fresh process, milliseconds of the processor";
const formula = "sin(x·y) + exp(z/3)·x² - log(1 + y²), f64, 1,000,000 elements";

const productRow = (n) => ({
  id: `product.${n}`,
  title: product,
  name: `${n} x ${n}`,
  limit: "the machine's products",
  bars: [share(0.8), most(1 / 1.3, ...inJavaScript)],
});

export const rows = [
  { id: "formula.value", title: formula, name: "value", bars: [most(0.4, "by hand")] },
  { id: "formula.gradient", title: formula, name: "value and gradient", bars: [most(0.4, "by hand")] },
  { id: "gelu.value", title: gelu, name: "value", bars: [most(0.2, "jax-js"), most(1.15, "PyTorch")] },
  { id: "gelu.gradient", title: gelu, name: "sum and gradient", bars: [most(0.4, "jax-js"), most(0.6, "PyTorch")] },
  { id: "softmax", title: rowsOf, name: "softmax", bars: [most(0.25, "jax-js"), most(1.8, "TensorFlow.js")] },
  { id: "layernorm", title: rowsOf, name: "layer norm", bars: [most(0.3, "jax-js")] },
  { id: "sum", title: "sum of f32", name: "10,000,000 elements", limit: "the machine's reading", bars: [share(0.85)] },
  ...[256, 512, 1024].map(productRow),
  { id: "mlp.value", title: perceptron, name: "value", bars: [most(0.7, ...inJavaScript)] },
  {
    id: "mlp.step",
    title: perceptron,
    name: "training step",
    limit: "its products alone",
    bars: [most(0.6, "jax-js"), most(2.8, "PyTorch"), most(1.3, "limits")],
  },
  { id: "cnn.28", title: network, name: "28 x 28", bars: [most(2.5, "PyTorch"), most(0.03, "jax-js")] },
  { id: "cnn.100", title: network, name: "100 x 100", bars: [most(1.5, "PyTorch"), most(0.03, "jax-js")] },
  { id: "gmm.value", title: mixture, name: "objective", bars: [most(1.5, "PyTorch")] },
  { id: "gmm.gradient", title: mixture, name: "objective and gradient", bars: [most(1.5, "PyTorch")] },
  { id: "small.product", title: small, name: "product of f32[4, 4]", bars: [most(1.1, "JavaScript")] },
  { id: "small.softmax", title: small, name: "softmax of f32[10]", bars: [most(1.1, "JavaScript")] },
  ...["chain", "mlp", "cnn"].map((name) => compiling("warm", warm, name, 1.5)),
  ...["chain", "mlp", "cnn"].map((name) => compiling("fresh", fresh, name, 1.3)),
].map((row, section) => ({ ...row, section, key: `${row.title}${separator}${row.name}` }));

function compiling(kind, title, program, times) {
  const names = { chain: "chain of 1,000 operations", mlp: "step of the perceptron", cnn: "step of the CNN" };
  return { id: `${kind}.${program}`, title, name: names[program], bars: [most(times, "JavaScript")] };
}
