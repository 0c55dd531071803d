// Logistic regression: the loss with a ridge penalty, and gradient descent on it. (Cox, "The regression analysis of binary
// sequences", 1958; log(1 + e^x) without overflow: Mächler, "Accurately computing log(1 - exp(-|a|))", 2012.)

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The mean loss of the weights `w` (the last one the bias) on rows of `xs`, `w.length - 1` numbers each, of class 0 or 1. */
export function loss(w: Float64Array, xs: Float64Array, labels: Int32Array, ridge: number): number {
  const features = w.length - 1;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    let z = w[features];
    for (let j = 0; j < features; j++) z += w[j] * xs[i * features + j];
    total += labels[i] === 1 ? softplus(-z) : softplus(z);
  }
  let penalty = 0;
  for (let j = 0; j < features; j++) penalty += w[j] * w[j];
  return total / labels.length + (ridge / 2) * penalty;
}

/** How many of the rows the weights put into their class. */
export function correct(w: Float64Array, xs: Float64Array, labels: Int32Array): number {
  const features = w.length - 1;
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    let z = w[features];
    for (let j = 0; j < features; j++) z += w[j] * xs[i * features + j];
    if (z > 0 === (labels[i] === 1)) count++;
  }
  return count;
}
