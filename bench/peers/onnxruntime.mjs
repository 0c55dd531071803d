// ONNX Runtime on WebAssembly, one thread. It has no gradients, and no form of a result but an array outside of its memory.

import { introduce, offerRows } from "./offer.mjs";
import { modelOf } from "./onnx-model.mjs";
import { versionOf } from "./version.mjs";

const { ort } = await introduce(async () => {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return { name: `ONNX Runtime ${versionOf("onnxruntime-web")}`, ort };
});

/** A graph of nodes that takes inputs and gives `y` of a shape; constants are part of it. */
async function graph(nodes, inputs, shape, constants = {}) {
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
  const session = await ort.InferenceSession.create(modelOf(nodes, inputs, constants, shape), options);
  const feeds = Object.entries(inputs).map(([name, t]) => [name, new ort.Tensor("float32", t.data, t.shape)]);
  const given = Object.fromEntries(feeds);
  return { work: () => session.run(given), results: async () => [(await session.run(given)).y.data] };
}

const scalar = (x) => ({ data: Float32Array.of(x), shape: [] });

const gelu = (inputs) => {
  const nodes = [
    ["Mul", ["a", "b"], "product"],
    ["Add", ["product", "c"], "t"],
    ["Mul", ["t", "t"], "square"],
    ["Mul", ["square", "t"], "cube"],
    ["Mul", ["cube", "cubic"], "third"],
    ["Add", ["t", "third"], "polynomial"],
    ["Mul", ["polynomial", "root"], "inner"],
    ["Tanh", ["inner"], "bent"],
    ["Add", ["bent", "one"], "raised"],
    ["Mul", ["t", "half"], "halved"],
    ["Mul", ["halved", "raised"], "y"],
  ];
  const constants = { cubic: 0.044715, root: Math.sqrt(2 / Math.PI), one: 1, half: 0.5 };
  const scalars = Object.entries(constants).map(([name, x]) => [name, scalar(x)]);
  return graph(nodes, inputs, inputs.a.shape, Object.fromEntries(scalars));
};

const perceptron = ({ x, W1, b1, W2, b2, W3, b3 }) => {
  const nodes = [
    ["Gemm", ["x", "W1", "b1"], "first"],
    ["Relu", ["first"], "rectified"],
    ["Gemm", ["rectified", "W2", "b2"], "second"],
    ["Relu", ["second"], "again"],
    ["Gemm", ["again", "W3", "b3"], "y"],
  ];
  return graph(nodes, { x }, [128, 10], { W1, b1, W2, b2, W3, b3 });
};

const product = (inputs) => graph([["MatMul", ["A", "B"], "y"]], inputs, inputs.A.shape);

await offerRows({
  "gelu.value": gelu,
  softmax: (inputs) => graph([["Softmax", ["x"], "y", { axis: 1 }]], inputs, inputs.x.shape),
  layernorm: ({ x, g, b }) =>
    graph([["LayerNormalization", ["x", "g", "b"], "y", { axis: 1 }]], { x }, x.shape, { g, b }),
  sum: (inputs) => graph([["ReduceSum", ["x"], "y", { keepdims: 0 }]], inputs, []),
  "product.256": product,
  "product.512": product,
  "product.1024": product,
  "mlp.value": perceptron,
});
