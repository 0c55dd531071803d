// The inputs of each row and its results in f64, by loops that know nothing of what is measured. The process that asks writes
// them to a folder, from which every side reads the same numbers, whatever it is written in.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mixture } from "../adbench-data.mjs";
import { geluGradient64 } from "../by-hand.mjs";
import { cnnStep } from "../cnn-by-hand.mjs";
import { convolutional, oneHot, perceptron, uniform } from "../data.mjs";
import { gmmByHand } from "../gmm-by-hand.mjs";
import { mlpStep } from "../mlp-by-hand.mjs";
import { gemm } from "../product-by-hand.mjs";
import { formulaGradients, formulaValues } from "./formula-by-hand.mjs";
import { rows } from "./rows.mjs";

const folder = process.env.BENCH_PROBLEMS;
const types = { f32: Float32Array, f64: Float64Array, i32: Int32Array };
const doubles = (n) => new Float64Array(n);
const dtypeOf = (data) => Object.keys(types).find((dtype) => data instanceof types[dtype]);
const input = (data, ...shape) => ({ data, shape: shape.length > 0 ? shape : [data.length] });

/**
 * For each row its inputs, results (worked out when asked for), and the error |got - want| / (1 + |want|) that is allowed, of all
 * results or of each.
 */
const makers = {
  formula(name) {
    const [x, y, z] = [2, 2, 3].map((bound, i) => uniform(41 + i, 1e6, -bound, bound, Float64Array));
    const gradients = [doubles(1e6), doubles(1e6), doubles(1e6)];
    const results = () => {
      const values = doubles(1e6);
      if (name === "value") formulaValues(x, y, z, values, 0, 1e6);
      else formulaGradients(x, y, z, values, ...gradients, 0, 1e6);
      return name === "value" ? [values] : [values, ...gradients];
    };
    return { inputs: { x: input(x), y: input(y), z: input(z) }, results, tolerance: 1e-12 };
  },

  gelu(name) {
    const n = 1 << 20;
    const [a, b, c] = [1, 2, 3].map((seed) => uniform(seed, n, -1, 1));
    const results = () => {
      const gradients = [doubles(n), doubles(n), doubles(n)];
      const total = geluGradient64(a, b, c, ...gradients, 0, n);
      return name === "value" ? [geluValues(a, b, c)] : [[total], ...gradients];
    };
    return {
      inputs: { a: input(a), b: input(b), c: input(c) },
      results,
      tolerance: name === "value" ? 5e-6 : [1e-3, 5e-6, 5e-6, 5e-6],
    };
  },

  softmax() {
    const x = uniform(4, 1 << 20, -4, 4);
    return { inputs: { x: input(x, 1024, 1024) }, results: () => [softmaxOfRows(x, 1024)], tolerance: 1e-6 };
  },

  layernorm() {
    const [x, g, b] = [uniform(5, 1 << 20, -2, 2), uniform(6, 1024, 0.5, 1.5), uniform(7, 1024, -0.5, 0.5)];
    const inputs = { x: input(x, 1024, 1024), g: input(g), b: input(b) };
    return { inputs, results: () => [layerNormOfRows(x, g, b)], tolerance: 1e-5 };
  },

  sum() {
    const x = uniform(8, 1e7, 0, 1);
    return { inputs: { x: input(x) }, results: () => [[x.reduce((total, v) => total + v, 0)]], tolerance: 1e-4 };
  },

  product(size) {
    const n = Number(size);
    const [A, B] = [uniform(9, n * n, -1, 1), uniform(10, n * n, -1, 1)];
    return {
      inputs: { A: input(A, n, n), B: input(B, n, n) },
      results: () => [product(n, n, n, A, B)],
      tolerance: 1e-4,
    };
  },

  mlp(name) {
    const data = perceptron();
    const { x, labels, W1, b1, W2, b2, W3, b3 } = data;
    const layers = { W1: input(W1, 784, 256), b1: input(b1), W2: input(W2, 256, 128), b2: input(b2) };
    const output = { W3: input(W3, 128, 10), b3: input(b3) };
    const inputs = { x: input(x, 128, 784), labels: input(labels), ...layers, ...output };
    inputs.oneHot = input(oneHot(labels, 10), 128, 10);
    const losses = () => lossesOf(mlpStep(gemm, inDoubles(data), Float64Array), 5);
    return { inputs, results: name === "value" ? () => [logitsOf(data)] : losses, tolerance: 1e-4 };
  },

  cnn(side) {
    const size = Number(side ?? 28);
    const data = convolutional(size);
    const { x, labels, k1, b1, k2, b2, W, b } = data;
    const kernels = { k1: input(k1, 3, 3, 1, 16), b1: input(b1), k2: input(k2, 3, 3, 16, 32), b2: input(b2) };
    const inputs = {
      x: input(x, 32, size, size, 1),
      labels: input(labels),
      ...kernels,
      W: input(W, 32, 10),
      b: input(b),
    };
    inputs.oneHot = input(oneHot(labels, 10), 32, 10);
    const results = () => lossesOf(cnnStep(gemm, size, inDoubles(data), Float64Array), size > 28 ? 2 : 5);
    return { inputs, results, tolerance: 1e-4 };
  },

  gmm(name) {
    const data = mixture(10, 25, 1000);
    const { alphas, means, icf, x, gamma, m } = data;
    const parameters = { alphas: input(alphas), means: input(means, 25, 10), icf: input(icf, 25, 55) };
    const wishart = { gamma: input(Float64Array.of(gamma)), m: input(Float64Array.of(m)) };
    const results = () => {
      const hand = gmmByHand(data);
      if (name === "value") return [[hand.objective()]];
      const value = hand.gradient();
      return [[value], hand.gradients()];
    };
    return { inputs: { ...parameters, x: input(x, 1000, 10), ...wishart }, results, tolerance: 1e-9 };
  },

  small(name) {
    const data = uniform(44, name === "product" ? 16 : 10, -1, 1);
    if (name === "softmax")
      return { inputs: { x: input(data, 1, 10) }, results: () => [softmaxOfRows(data, 10)], tolerance: 1e-6 };
    const inputs = { A: input(data, 4, 4), B: input(uniform(45, 16, -1, 1), 4, 4) };
    return { inputs, results: () => [product(4, 4, 4, inputs.A.data, inputs.B.data)], tolerance: 1e-6 };
  },

  chain() {
    const values = [0.5, 0.999, 0.001].map((v) => Float32Array.of(v)[0]);
    let want = values[0];
    for (let i = 0; i < 500; i++) want = want * values[1] + values[2];
    const [x, a, b] = values.map((v) => input(new Float32Array(1024).fill(v)));
    return { inputs: { x, a, b }, results: () => [new Float64Array(1024).fill(want)], tolerance: 1e-4 };
  },
};

makers.warm = (name) => makers[name]();
makers.fresh = makers.warm;

function inDoubles(data) {
  const widened = Object.entries(data).map(([name, values]) => [
    name,
    values instanceof Float32Array ? Float64Array.from(values) : values,
  ]);
  return Object.fromEntries(widened);
}

const lossesOf = (step, count) => [Array.from({ length: count }, () => step())];

function product(M, N, K, A, B) {
  const C = doubles(M * N);
  gemm(M, N, K, A, 0, B, 0, C);
  return C;
}

function logitsOf({ x, W1, b1, W2, b2, W3, b3 }) {
  const layer = (input, W, b, inputs, isLast) =>
    product(128, b.length, inputs, input, W).map((v, i) => {
      const sum = v + b[i % b.length];
      return isLast ? sum : Math.max(sum, 0);
    });
  return layer(layer(layer(x, W1, b1, 784), W2, b2, 256), W3, b3, 128, true);
}

function geluValues(a, b, c) {
  return doubles(a.length).map((_, i) => {
    const t = a[i] * b[i] + c[i];
    return 0.5 * t * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (t + 0.044715 * t ** 3)));
  });
}

function softmaxOfRows(x, columns) {
  const out = doubles(x.length);
  for (let from = 0; from < x.length; from += columns) {
    const row = x.subarray(from, from + columns);
    const largest = row.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY);
    let total = 0;
    for (let j = 0; j < columns; j++) total += out[from + j] = Math.exp(row[j] - largest);
    for (let j = 0; j < columns; j++) out[from + j] /= total;
  }
  return out;
}

function layerNormOfRows(x, g, b) {
  const columns = g.length;
  const out = doubles(x.length);
  for (let from = 0; from < x.length; from += columns) {
    const row = x.subarray(from, from + columns);
    const mean = row.reduce((s, v) => s + v, 0) / columns;
    const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / columns;
    for (let j = 0; j < columns; j++) out[from + j] = ((row[j] - mean) / Math.sqrt(variance + 1e-5)) * g[j] + b[j];
  }
  return out;
}

/** The problem of a row, worked out here. */
function made(id) {
  const [name, variant] = id.split(".");
  const { inputs, results, tolerance } = makers[name](variant);
  const want = results().map((r) => Float64Array.from(r));
  return { inputs, want, tolerance: want.map((_, k) => tolerance[k] ?? tolerance) };
}

/** Writes the problem of a row to a folder: a description, and the numbers as they lie in memory. */
export function writeProblem(into, id) {
  const { inputs, want, tolerance } = made(id);
  mkdirSync(into, { recursive: true });
  const write = (file, { data, shape }) => {
    writeFileSync(join(into, file), data);
    return { file, dtype: dtypeOf(data), shape };
  };
  const described = Object.entries(inputs).map(([name, tensor]) => [name, write(`${id}.${name}`, tensor)]);
  const wanted = want.map((data, i) => write(`${id}.want${i}`, input(data)));
  const text = JSON.stringify({ inputs: Object.fromEntries(described), want: wanted, tolerance });
  writeFileSync(join(into, `${id}.json`), text);
}

/** The problem of a row: read from where the process that asks wrote it, or worked out. */
export function problemOf(id) {
  if (folder === undefined) return made(id);
  const { inputs, want, tolerance } = JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8"));
  const read = ({ file, dtype, shape }) => {
    const bytes = readFileSync(join(folder, file));
    return { data: new types[dtype](new Uint8Array(bytes).buffer), shape };
  };
  const tensors = Object.entries(inputs).map(([name, described]) => [name, read(described)]);
  return { inputs: Object.fromEntries(tensors), want: want.map((w) => read(w).data), tolerance };
}

/** Throws where results are not what they should be. */
export function check(got, { want, tolerance }) {
  for (const [k, wanted] of want.entries()) {
    const values = got[k];
    if (values.length !== wanted.length) throw new Error(`wrong: result ${k} has ${values.length} elements`);
    let worst = 0;
    for (let i = 0; i < wanted.length; i++) {
      const error = Math.abs(values[i] - wanted[i]) / (1 + Math.abs(wanted[i]));
      if (!(error <= worst)) worst = error;
    }
    const allowed = tolerance[k];
    if (!(worst <= allowed)) throw new Error(`wrong: result ${k} is off by ${worst}, ${allowed} is allowed`);
  }
}

/** The rows that are asked for, by the beginnings of their names; all, where nothing says which. */
export function wantedRows(only = process.env.BENCH_ROWS) {
  const beginnings = only ? only.split(",") : [""];
  return rows.filter(({ id }) => beginnings.some((beginning) => id.startsWith(beginning)));
}
