// TensorFlow.js on its WebAssembly backend, which runs each operation at once. It has no f64, and no gradient of a convolution.

import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import { introduce, offerRows } from "./offer.mjs";
import { versionOf } from "./version.mjs";

/** One bundle of its modules, as a page has it: its build for Node has no gradients. */
function bundled() {
  const core = "@tensorflow/tfjs-core";
  const contents = `export * from "${core}"; export * from "@tensorflow/tfjs-backend-wasm"; import "${core}/dist/register_all_gradients";`;
  const outfile = join(process.env.BENCH_PROBLEMS, "tensorflow.cjs");
  buildSync({
    ...{ stdin: { contents, resolveDir: dirname(fileURLToPath(import.meta.url)) }, bundle: true, outfile },
    ...{ platform: "node", format: "cjs", mainFields: ["module", "main"], logLevel: "error" },
  });
  return import(pathToFileURL(outfile).href);
}

const { tf } = await introduce(async () => {
  const { default: tf } = await bundled();
  tf.setWasmPaths(
    fileURLToPath(new URL("./wasm-out/", import.meta.resolve("@tensorflow/tfjs-backend-wasm/package.json"))),
  );
  await tf.setBackend("wasm");
  return { name: `TensorFlow.js ${versionOf("@tensorflow/tfjs-core")}`, tf };
});
const { add, matMul, mean, mul, relu, rsqrt, square, sub, sum, tanh } = tf;

const tensorOf = ({ data, shape }) => tf.tensor(data, shape);
const tensorsOf = (inputs, names = Object.keys(inputs)) => names.map((name) => tensorOf(inputs[name]));

/** A function of inputs that stay where they are; what it gives is let go. */
function calls(f, given) {
  const work = () => {
    tf.tidy(() => void f(...given));
  };
  return { work, results: () => tf.tidy(() => [f(...given)].flat().map((t) => t.dataSync())) };
}

const of = (f) => (inputs) => calls(f, tensorsOf(inputs));

function gelu(a, b, c) {
  const t = add(mul(a, b), c);
  const inner = mul(add(t, mul(mul(mul(t, t), t), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(t, 0.5), add(tanh(inner), 1));
}

function geluWithGradient(...given) {
  const { value, grads } = tf.valueAndGrads((a, b, c) => sum(gelu(a, b, c)))(given);
  return [value, ...grads];
}

function layerNorm(x, g, b) {
  const d = sub(x, mean(x, 1, true));
  const variance = mean(square(d), 1, true);
  return add(mul(mul(d, rsqrt(add(variance, 1e-5))), g), b);
}

function perceptron(x, W1, b1, W2, b2, W3, b3) {
  const first = relu(add(matMul(x, W1), b1));
  const second = relu(add(matMul(first, W2), b2));
  return add(matMul(second, W3), b3);
}

const parameters = ["W1", "b1", "W2", "b2", "W3", "b3"];

function trainPerceptron(inputs) {
  const variables = tensorsOf(inputs, parameters).map((t) => tf.variable(t));
  const [x, oneHot] = tensorsOf(inputs, ["x", "oneHot"]);
  const descent = tf.train.sgd(0.1);
  const loss = () => tf.losses.softmaxCrossEntropy(oneHot, perceptron(x, ...variables));
  const work = () => {
    const value = descent.minimize(loss, true, variables);
    const [number] = value.dataSync();
    value.dispose();
    return number;
  };
  return { work, results: () => [Array.from({ length: 5 }, work)] };
}

await offerRows({
  "gelu.value": of(gelu),
  "gelu.gradient": of(geluWithGradient),
  softmax: of((x) => tf.softmax(x)),
  layernorm: of(layerNorm),
  sum: (inputs) => {
    const { work, results } = calls((x) => sum(x), tensorsOf(inputs));
    return { work, results };
  },
  ...Object.fromEntries([256, 512, 1024].map((n) => [`product.${n}`, of((a, b) => matMul(a, b))])),
  "mlp.value": (inputs) => calls(perceptron, tensorsOf(inputs, ["x", ...parameters])),
  "mlp.step": trainPerceptron,
});
