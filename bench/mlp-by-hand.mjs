// The training step of a perceptron 784-256-128-10 by hand in the usual way: blocked products of matrices that
// accumulate in f64, loops that round when they store. `gemm(M, N, K, A, transposedA, B, transposedB, C)` is given.

const [batch, inputs, first, second, classes] = [128, 784, 256, 128, 10];

function biased(from, to, columns, out, bias, isRelu) {
  if (new.target) return;
  for (let i = from, o = from * columns; i < to; i++) {
    for (let j = 0; j < columns; j++, o++) {
      const v = out[o] + bias[j];
      out[o] = isRelu && v < 0 ? 0 : v;
    }
  }
}

function addColumns(from, to, columns, x, out) {
  if (new.target) return;
  for (let i = from, q = from * columns; i < to; i++) for (let j = 0; j < columns; j++, q++) out[j] += x[q];
}

function masked(d, h, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) if (h[i] <= 0) d[i] = 0;
}

function descend(p, g, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) p[i] -= 0.1 * g[i];
}

const inChunks = (count, size, range) => {
  for (let from = 0; from < count; from += size) range(from, Math.min(from + size, count));
};

/** Loss and cotangents of the logits. */
function crossEntropy(logits, labels, d) {
  let loss = 0;
  for (let i = 0; i < batch; i++) {
    const p = i * classes;
    let m = -Infinity;
    for (let j = 0; j < classes; j++) if (logits[p + j] > m) m = logits[p + j];
    let s = 0;
    for (let j = 0; j < classes; j++) s += Math.exp(logits[p + j] - m);
    const log = Math.log(s) + m;
    loss += log - logits[p + labels[i]];
    for (let j = 0; j < classes; j++) d[p + j] = (Math.exp(logits[p + j] - log) - (j === labels[i] ? 1 : 0)) / batch;
  }
  return loss / batch;
}

/** A step that changes the parameters in place and gives the loss. */
export function mlpStep(gemm, { x, labels, W1, b1, W2, b2, W3, b3 }) {
  const zeros = (n) => new Float32Array(n);
  const [h1, h2, logits] = [zeros(batch * first), zeros(batch * second), zeros(batch * classes)];
  const [d1, d2, d3] = [zeros(h1.length), zeros(h2.length), zeros(logits.length)];
  const gradients = [W1, b1, W2, b2, W3, b3].map((p) => zeros(p.length));
  const [gW1, gb1, gW2, gb2, gW3, gb3] = gradients;
  const bias = (n, out, b, isRelu) => inChunks(batch, 16, (lo, hi) => biased(lo, hi, n, out, b, isRelu));
  const columns = (n, d, out) => {
    out.fill(0);
    inChunks(batch, 16, (lo, hi) => addColumns(lo, hi, n, d, out));
  };
  const mask = (d, h) => inChunks(d.length, 4096, (lo, hi) => masked(d, h, lo, hi));
  return () => {
    gemm(batch, first, inputs, x, 0, W1, 0, h1);
    bias(first, h1, b1, true);
    gemm(batch, second, first, h1, 0, W2, 0, h2);
    bias(second, h2, b2, true);
    gemm(batch, classes, second, h2, 0, W3, 0, logits);
    bias(classes, logits, b3, false);
    const loss = crossEntropy(logits, labels, d3);
    gemm(second, classes, batch, h2, 1, d3, 0, gW3);
    columns(classes, d3, gb3);
    gemm(batch, second, classes, d3, 0, W3, 1, d2);
    mask(d2, h2);
    gemm(first, second, batch, h1, 1, d2, 0, gW2);
    columns(second, d2, gb2);
    gemm(batch, first, second, d2, 0, W2, 1, d1);
    mask(d1, h1);
    gemm(inputs, first, batch, x, 1, d1, 0, gW1);
    columns(first, d1, gb1);
    for (const [i, p] of [W1, b1, W2, b2, W3, b3].entries()) {
      inChunks(p.length, 4096, (lo, hi) => descend(p, gradients[i], lo, hi));
    }
    return loss;
  };
}
