// The training step of a small convolutional network by hand in the usual way: patches as rows of a matrix, blocked
// products that accumulate in f64, loops that round when they store. Features are last, as users write it with NHWC.
// `gemm(M, N, K, A, transposedA, B, transposedB, C)` is given.

import { addColumns, biased, crossEntropy, descend, inChunks } from "./layers-by-hand.mjs";

const [batch, first, second, classes] = [32, 16, 32, 10];

/** The 3 x 3 neighbours of each pixel of one image, side by side; zeros outside. */
function patchesOf(b, size, count, x, out) {
  if (new.target) return;
  let q = b * size * size * 9 * count;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      for (let u = -1; u <= 1; u++) {
        for (let v = -1; v <= 1; v++) {
          const [r, s] = [i + u, j + v];
          if (r < 0 || r >= size || s < 0 || s >= size) {
            for (let c = 0; c < count; c++) out[q++] = 0;
          } else {
            let from = ((b * size + r) * size + s) * count;
            for (let c = 0; c < count; c++) out[q++] = x[from++];
          }
        }
      }
    }
  }
}

/** The opposite: each neighbour added where it came from. */
function addPatches(b, size, count, patches, out) {
  if (new.target) return;
  let q = b * size * size * 9 * count;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      for (let u = -1; u <= 1; u++) {
        for (let v = -1; v <= 1; v++) {
          const [r, s] = [i + u, j + v];
          if (r < 0 || r >= size || s < 0 || s >= size) q += count;
          else {
            let to = ((b * size + r) * size + s) * count;
            for (let c = 0; c < count; c++) out[to++] += patches[q++];
          }
        }
      }
    }
  }
}

/** The largest of 2 x 2 pixels, and where it was. */
function pooled(b, size, count, x, out, where) {
  if (new.target) return;
  const half = size >> 1;
  let q = b * half * half * count;
  for (let i = 0; i < half; i++) {
    for (let j = 0; j < half; j++) {
      const base = ((b * size + 2 * i) * size + 2 * j) * count;
      for (let c = 0; c < count; c++, q++) {
        let k = base + c;
        let m = x[k];
        let w = k;
        k += count;
        if (x[k] > m) [m, w] = [x[k], k];
        k += (size - 1) * count;
        if (x[k] > m) [m, w] = [x[k], k];
        k += count;
        if (x[k] > m) [m, w] = [x[k], k];
        out[q] = m;
        where[q] = w;
      }
    }
  }
}

function bias(rows, columns, out, b, isRelu) {
  inChunks(rows, 16, (from, to) => biased(from, to, columns, out, b, isRelu));
}

function columnSums(rows, columns, x, out) {
  out.fill(0);
  inChunks(rows, 16, (from, to) => addColumns(from, to, columns, x, out));
}

const eachImage = (work) => {
  for (let b = 0; b < batch; b++) work(b);
};

/** Means over the pixels of each image. */
function means(pixels, x, out) {
  out.fill(0);
  for (let b = 0, q = 0; b < batch; b++) {
    for (let s = 0; s < pixels; s++) for (let c = 0; c < second; c++) out[b * second + c] += x[q++];
  }
  for (let i = 0; i < out.length; i++) out[i] /= pixels;
}

/** The means' cotangents, each to where the largest of its 2 x 2 pixels was, if that was above 0. */
function unpoolMeans(pixels, y, where, dMeans, out) {
  out.fill(0);
  for (let b = 0, q = 0; b < batch; b++) {
    for (let s = 0; s < pixels; s++) {
      for (let c = 0; c < second; c++, q++) if (y[q] > 0) out[where[q]] = dMeans[b * second + c] / pixels;
    }
  }
}

function unpool(y, where, d, out) {
  out.fill(0);
  for (let q = 0; q < d.length; q++) if (y[q] > 0) out[where[q]] = d[q];
}

/** A step that changes the parameters in place and gives the loss; what it keeps has elements of `Type`. */
export function cnnStep(gemm, size, { x, labels, k1, b1, k2, b2, W, b }, Type = Float32Array) {
  const zeros = (n) => new Type(n);
  const half = size >> 1;
  const quarter = half >> 1;
  const [rows1, rows2, pixels] = [batch * size * size, batch * half * half, quarter * quarter];
  const [c1, a1, p1, i1] = [
    zeros(rows1 * 9),
    zeros(rows1 * first),
    zeros(rows2 * first),
    new Int32Array(rows2 * first),
  ];
  const [c2, a2, p2] = [zeros(rows2 * 9 * first), zeros(rows2 * second), zeros(batch * pixels * second)];
  const i2 = new Int32Array(p2.length);
  const [m, logits, dLogits, dm] = [zeros(batch * second), zeros(320), zeros(320), zeros(batch * second)];
  const [da2, dc2, dp1, da1] = [a2, c2, p1, a1].map((t) => zeros(t.length));
  const parameters = [k1, b1, k2, b2, W, b];
  const gradients = parameters.map((p) => zeros(p.length));
  const [gk1, gb1, gk2, gb2, gW, gb] = gradients;
  const forward = () => {
    eachImage((n) => patchesOf(n, size, 1, x, c1));
    gemm(rows1, first, 9, c1, 0, k1, 0, a1);
    bias(rows1, first, a1, b1, true);
    eachImage((n) => pooled(n, size, first, a1, p1, i1));
    eachImage((n) => patchesOf(n, half, first, p1, c2));
    gemm(rows2, second, 9 * first, c2, 0, k2, 0, a2);
    bias(rows2, second, a2, b2, true);
    eachImage((n) => pooled(n, half, second, a2, p2, i2));
    means(pixels, p2, m);
    gemm(batch, classes, second, m, 0, W, 0, logits);
    bias(batch, classes, logits, b, false);
  };
  return () => {
    forward();
    const loss = crossEntropy(batch, classes, logits, labels, dLogits);
    gemm(second, classes, batch, m, 1, dLogits, 0, gW);
    columnSums(batch, classes, dLogits, gb);
    gemm(batch, second, classes, dLogits, 0, W, 1, dm);
    unpoolMeans(pixels, p2, i2, dm, da2);
    gemm(9 * first, second, rows2, c2, 1, da2, 0, gk2);
    columnSums(rows2, second, da2, gb2);
    gemm(rows2, 9 * first, second, da2, 0, k2, 1, dc2);
    dp1.fill(0);
    eachImage((n) => addPatches(n, half, first, dc2, dp1));
    unpool(p1, i1, dp1, da1);
    gemm(9, first, rows1, c1, 1, da1, 0, gk1);
    columnSums(rows1, first, da1, gb1);
    for (const [i, p] of parameters.entries()) {
      inChunks(p.length, 4096, (from, to) => descend(p, gradients[i], from, to));
    }
    return loss;
  };
}
