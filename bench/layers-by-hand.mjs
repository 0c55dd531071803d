// What the networks by hand share: bias, sums of columns, the loss and the step, in the usual way.

/** Adds the bias to rows, and cuts off below 0 where asked. */
export function biased(from, to, columns, out, bias, isRelu) {
  if (new.target) return;
  for (let i = from, o = from * columns; i < to; i++) {
    for (let j = 0; j < columns; j++, o++) {
      const v = out[o] + bias[j];
      out[o] = isRelu && v < 0 ? 0 : v;
    }
  }
}

/** Adds the rows up. */
export function addColumns(from, to, columns, x, out) {
  if (new.target) return;
  for (let i = from, q = from * columns; i < to; i++) for (let j = 0; j < columns; j++, q++) out[j] += x[q];
}

/** A step down the gradient. */
export function descend(p, g, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) p[i] -= 0.1 * g[i];
}

/** `range` for each so many of `count`. */
export const inChunks = (count, size, range) => {
  for (let from = 0; from < count; from += size) range(from, Math.min(from + size, count));
};

/** Loss and cotangents of the logits. */
export function crossEntropy(batch, classes, logits, labels, d) {
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
