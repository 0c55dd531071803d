// Our side: everything compiled as by default, but for the rows that compare two backends.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { adjoint, load } from "../library.mjs";
import { processorTime, saysItsTime } from "../measure.mjs";
import * as models from "../models.mjs";
import { introduce, offerRows } from "./offer.mjs";
import { argumentsOf, compiledFor, defaults, lossesOf, programs, stepsOf } from "./programs.mjs";

const { compile, matmul, sum, valueAndGrad } = adjoint;

/** The backend of this side in the rows that compare two; the side of JavaScript has no other rows. */
const backend = process.env.BENCH_BACKEND ?? "wasm";

/** What a row says of a function that is called again and again: results are there when the call ends. */
function calls(inputs, f, types, { options = defaults, names = Object.keys(inputs) } = {}) {
  const compiled = compile(f, types, options);
  const given = names.map((name) => argumentsOf(inputs[name]));
  const results = () => [compiled(...given)].flat(2).map((r) => (typeof r === "number" ? [r] : r.data()));
  return { work: () => compiled(...given), results };
}

const typesOf = (inputs) =>
  Object.values(inputs).map(({ data, shape }) => {
    const dtype = data instanceof Float64Array ? "f64" : data instanceof Int32Array ? "i32" : "f32";
    return `${dtype}[${shape}]`;
  });

/** A row of one function of all inputs. */
const of = (f) => (inputs) => calls(inputs, f, typesOf(inputs));

const product = (inputs) => calls(inputs, matmul, typesOf(inputs));

async function mixture(name) {
  const { likelihood } = await load("examples/adbench/gmm.js");
  return ({ gamma, m, ...inputs }) => {
    const wishart = { gamma: gamma.data[0], m: m.data[0] };
    const value = (...tensors) => likelihood(wishart, tensors);
    const gradient = (alphas, means, icf, x) =>
      valueAndGrad((...p) => value(...p, x), { wrt: [0, 1, 2] })(alphas, means, icf).flat();
    const row = calls(inputs, name === "value" ? value : gradient, typesOf(inputs));
    if (name === "value") return row;
    const results = () => {
      const [total, ...gradients] = row.results();
      return [total, gradients.flatMap((g) => [...g])];
    };
    return { work: row.work, results };
  };
}

/** A training step: its loss is read each time. */
function training(name, size) {
  return (inputs) => {
    const compiled = compiledFor(name, defaults, size);
    return {
      work: stepsOf(compiled, name, inputs),
      results: () => lossesOf(compiled, name, inputs, size > 28 ? 2 : 5),
    };
  };
}

/** What compiling takes here, once the engine has compiled the compiler. */
const warm = (name) => (inputs) => {
  const work = saysItsTime(() => {
    const start = processorTime();
    compiledFor(name, { backend });
    return processorTime() - start;
  });
  return { work, results: () => programs[name].results(compiledFor(name, { backend }), inputs) };
};

/** What a process takes that is started for it. */
const fresh = (name) => (inputs) => {
  const script = fileURLToPath(new URL("first-result.mjs", import.meta.url));
  const work = saysItsTime(() => {
    const { stdout, stderr } = spawnSync(process.execPath, [script, name, backend], { encoding: "utf8" });
    const milliseconds = Number.parseFloat(stdout);
    if (!(milliseconds > 0)) throw new Error(`${stdout}${stderr}`);
    return milliseconds;
  });
  return { work, results: () => programs[name].results(compiledFor(name, { backend }), inputs) };
};

const small =
  (f, ...names) =>
  (inputs) => {
    const options = backend === "js" ? { backend } : {};
    return calls(inputs, f, typesOf(inputs), { options, names });
  };

const compared = {
  "small.product": small(matmul, "A", "B"),
  "small.softmax": small(models.softmaxOfRows, "x"),
  ...Object.fromEntries(["chain", "mlp", "cnn"].map((name) => [`warm.${name}`, warm(name)])),
  ...Object.fromEntries(["chain", "mlp", "cnn"].map((name) => [`fresh.${name}`, fresh(name)])),
};

const alone = {
  "formula.value": of(models.expression),
  "formula.gradient": of(models.expressionWithGradient),
  "gelu.value": of(models.gelu),
  "gelu.gradient": of(models.geluWithGradient),
  softmax: of(models.softmaxOfRows),
  layernorm: of(models.layerNormOf(1024)),
  sum: of((x) => sum(x)),
  "product.256": product,
  "product.512": product,
  "product.1024": product,
  "mlp.value": (inputs) => {
    const names = ["x", "W1", "b1", "W2", "b2", "W3", "b3"];
    const [x, , ...parameters] = models.perceptron.types(128);
    return calls(inputs, models.perceptron.forward, [x, ...parameters], { names });
  },
  "mlp.step": training("mlp"),
  "cnn.28": training("cnn", 28),
  "cnn.100": training("cnn", 100),
  "gmm.value": await mixture("value"),
  "gmm.gradient": await mixture("gradient"),
};

await introduce(() => ({ name: backend === "js" ? "JavaScript" : "Adjoint" }));
await offerRows(backend === "js" ? compared : { ...alone, ...compared });
