// The functions of tensors that are measured, written as users write them.

import { adjoint } from "./library.mjs";

const { add, conv2d, crossEntropy, div, equal, exp, globalAvgPool, log, matmul, max, maximum, maxPool } = adjoint;
const { mul, neg, relu, rsqrt, sin, sub, sum, tanh, valueAndGrad, where } = adjoint;

/** sin(x y) + exp(z / 3) x² - log(1 + y²), elementwise. */
export const expression = (x, y, z) => sub(add(sin(mul(x, y)), mul(exp(div(z, 3)), mul(x, x))), log(add(1, mul(y, y))));

export function expressionWithGradient(x, y, z) {
  const total = (...p) => sum(expression(...p));
  const [, gradients] = valueAndGrad(total, { wrt: [0, 1, 2] })(x, y, z);
  return [expression(x, y, z), ...gradients];
}

/** gelu(a b + c) in the form with tanh. */
export function gelu(a, b, c) {
  const t = add(mul(a, b), c);
  const inner = mul(Math.fround(Math.sqrt(2 / Math.PI)), add(t, mul(Math.fround(0.044715), mul(mul(t, t), t))));
  return mul(mul(0.5, t), add(1, tanh(inner)));
}

/** The sum of gelu(a b + c), and its gradients. */
export const geluWithGradient = (a, b, c) => valueAndGrad((...p) => sum(gelu(...p)), { wrt: [0, 1, 2] })(a, b, c);

export function softmaxOfRows(x) {
  const e = exp(sub(x, max(x, { axes: [1], keepDims: true })));
  return div(e, sum(e, { axes: [1], keepDims: true }));
}

export const layerNormOf = (columns) => (x, g, b) => {
  const mean = div(sum(x, { axes: [1], keepDims: true }), columns);
  const d = sub(x, mean);
  const variance = div(sum(mul(d, d), { axes: [1], keepDims: true }), columns);
  return add(mul(mul(d, rsqrt(add(variance, Math.fround(1e-5)))), g), b);
};

/** A step of training by gradient descent: the loss, and the parameters after it. */
function descent(loss, parameters) {
  const wrt = parameters.map((_, i) => i);
  const [value, gradients] = valueAndGrad(loss, { wrt })(...parameters);
  return [value, ...parameters.map((p, i) => sub(p, mul(Math.fround(0.1), gradients[i])))];
}

/** A perceptron 784-256-128-10. */
export const perceptron = {
  shapes: [[784, 256], [256], [256, 128], [128], [128, 10], [10]],

  forward(x, W1, b1, W2, b2, W3, b3) {
    const rectified = (t) => maximum(t, 0);
    return add(matmul(rectified(add(matmul(rectified(add(matmul(x, W1), b1)), W2), b2)), W3), b3);
  },

  step(x, oneHot, ...parameters) {
    const crossEntropyOf = (logits) => {
      const shifted = sub(logits, max(logits, { axes: [1], keepDims: true }));
      const logs = sub(shifted, log(sum(exp(shifted), { axes: [1], keepDims: true })));
      return div(neg(sum(where(equal(oneHot, 1), logs, 0))), 128);
    };
    return descent((...p) => crossEntropyOf(perceptron.forward(x, ...p)), parameters);
  },

  types: (batch) => [`f32[${batch}, 784]`, `f32[${batch}, 10]`, ...perceptron.shapes.map((s) => `f32[${s}]`)],
};

/** A network of two convolutions and a layer, for a batch of 32 images. */
export const convolutional = {
  shapes: [[3, 3, 1, 16], [16], [3, 3, 16, 32], [32], [32, 10], [10]],

  loss(x, labels, k1, b1, k2, b2, W, b) {
    const first = maxPool(relu(conv2d(x, k1, b1, { padding: "same" })), 2);
    const second = maxPool(relu(conv2d(first, k2, b2, { padding: "same" })), 2);
    return crossEntropy(matmul(globalAvgPool(second), W).add(b), labels);
  },

  step: (x, labels, ...parameters) => descent((...p) => convolutional.loss(x, labels, ...p), parameters),

  types: (height, width) => [
    `f32[32, ${height}, ${width}, 1]`,
    "i32[32]",
    ...convolutional.shapes.map((s) => `f32[${s}]`),
  ],
};

/** x times a plus b, so often that it takes n operations. */
export const chainOf = (n) => (x, a, b) => {
  let v = x;
  for (let i = 0; i < n / 2; i++) v = add(mul(v, a), b);
  return v;
};
