// The data of the benchmarks, from a seeded generator: the same numbers in every run and on every machine.

/** A hash of the seed and i, from 0 to 1: the finaliser of MurmurHash3 (A. Appleby, 2011), twice. */
function fraction(seed, i) {
  let h = (Math.imul(seed, 0x9e3779b1) + i) | 0;
  for (let round = 0; round < 2; round++) {
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return (h >>> 0) / 2 ** 32;
}

/** `n` numbers evenly spread from `low` to `high`. */
export function uniform(seed, n, low, high, Type = Float32Array) {
  const out = new Type(n);
  for (let i = 0; i < n; i++) out[i] = low + (high - low) * fraction(seed, i);
  return out;
}

/** `n` numbers of the standard normal distribution, f64. (G. Box, M. Muller, 1958.) */
export function normal(seed, n) {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - fraction(seed, 2 * i)));
    out[i] = radius * Math.cos(2 * Math.PI * fraction(seed, 2 * i + 1));
  }
  return out;
}

/** `n` of the classes 0 to k - 1. */
export function classes(seed, n, k) {
  return uniform(seed, n, 0, k, Int32Array);
}

/** A row for each label: 1 in its column, else 0. */
export function oneHot(labels, k) {
  const out = new Float32Array(labels.length * k);
  for (const [i, label] of labels.entries()) out[i * k + label] = 1;
  return out;
}

/** Weights of a layer with so many inputs: evenly spread up to 1 / √inputs either way. */
function weights(seed, inputs, n) {
  const bound = 1 / Math.sqrt(inputs);
  return uniform(seed, n, -bound, bound);
}

/** A perceptron 784-256-128-10, a batch of 128 and its labels. */
export function perceptron() {
  return {
    x: uniform(1, 128 * 784, 0, 1),
    labels: classes(2, 128, 10),
    W1: weights(3, 784, 784 * 256),
    b1: new Float32Array(256),
    W2: weights(4, 256, 256 * 128),
    b2: new Float32Array(128),
    W3: weights(5, 128, 128 * 10),
    b3: new Float32Array(10),
  };
}

/** A network of two convolutions of 3 x 3 (1 → 16 → 32 features) and a layer 32-10, for 32 images of `size` x `size`. */
export function convolutional(size) {
  return {
    x: uniform(11 + size, 32 * size * size, 0, 1),
    labels: classes(12, 32, 10),
    k1: weights(13, 9, 9 * 16),
    b1: new Float32Array(16),
    k2: weights(14, 144, 9 * 16 * 32),
    b2: new Float32Array(32),
    W: weights(15, 32, 320),
    b: new Float32Array(10),
  };
}
