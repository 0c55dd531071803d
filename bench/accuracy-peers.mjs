// The functions of f32 that peers have, by the names of our ops: each takes arrays of numbers and gives one.

import { fileURLToPath } from "node:url";

/** Those that are installed. */
export async function peersOf() {
  const found = [];
  for (const peer of [jaxJs, tensorFlow]) {
    try {
      found.push(await peer());
    } catch (error) {
      console.error(`not measured: ${error.message.split("\n")[0]} (npm ci --prefix bench)`);
    }
  }
  return found;
}

async function jaxJs() {
  globalThis.Float16Array ??= class {};
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { numpy: np, nn, scipySpecial: special } = jax;
  const of = {
    ...Object.fromEntries(
      ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan"].map((name) => [name, np[name]]),
    ),
    ...{ asin: np.asin, acos: np.acos, atan: np.atan, sinh: np.sinh, cosh: np.cosh, tanh: np.tanh },
    ...{ asinh: np.arcsinh, acosh: np.arccosh, atanh: np.arctanh, cbrt: np.cbrt, logistic: nn.sigmoid },
    ...{ erf: special?.erf, erfc: special?.erfc, pow: np.power, atan2: np.atan2, hypot: np.hypot },
  };
  const functions = {};
  for (const [name, f] of Object.entries(of)) {
    if (f === undefined) continue;
    functions[name] = (...inputs) => f(...inputs.map((data) => np.array(data.slice()))).data();
  }
  return { name: "jax-js 0.1.25 (wasm)", functions };
}

async function tensorFlow() {
  const tf = await import("@tensorflow/tfjs-core");
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(fileURLToPath(new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm"))));
  await tf.setBackend("wasm");
  const names = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
  ];
  const of = {
    ...Object.fromEntries(names.map((name) => [name, tf[name]])),
    ...{
      acosh: tf.acosh,
      atanh: tf.atanh,
      logistic: tf.sigmoid,
      rsqrt: tf.rsqrt,
      erf: tf.erf,
      pow: tf.pow,
      atan2: tf.atan2,
    },
  };
  const functions = {};
  for (const [name, f] of Object.entries(of))
    functions[name] = (...inputs) => tf.tidy(() => f(...inputs.map((data) => tf.tensor1d(data))).dataSync());
  return { name: "TensorFlow.js 4.22 (wasm)", functions };
}
