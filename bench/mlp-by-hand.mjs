// The training step of a perceptron 784-256-128-10 by hand in the usual way: blocked products of matrices that
// accumulate in f64, loops that round when they store. `gemm(M, N, K, A, transposedA, B, transposedB, C)` is given.

import { addColumns, biased, crossEntropy, descend, inChunks } from "./layers-by-hand.mjs";

const [batch, inputs, first, second, classes] = [128, 784, 256, 128, 10];

function masked(d, h, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) if (h[i] <= 0) d[i] = 0;
}

/** A step that changes the parameters in place and gives the loss; what it keeps has elements of `Type`. */
export function mlpStep(gemm, { x, labels, W1, b1, W2, b2, W3, b3 }, Type = Float32Array) {
  const zeros = (n) => new Type(n);
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
    const loss = crossEntropy(batch, classes, logits, labels, d3);
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
