// ADBench: the log-likelihood of a Gaussian mixture with a Wishart prior, and its gradient.
// Objective after F. Šrajer, Z. Kukelova, A. Fitzgibbon, "A benchmark of selected algorithmic differentiation tools".

import {
  add,
  cast,
  dim,
  einsum,
  exp,
  expandDims,
  f64,
  lgamma,
  logsumexp,
  mul,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
  where,
} from "adjoint";

export interface Mixture {
  readonly alphas: Tensor;
  readonly means: Tensor;
  /** For each component the logarithms of the diagonal of its factor, then the strict lower triangle column by column. */
  readonly icf: Tensor;
  readonly x: Tensor;
  readonly wishart: { readonly gamma: number; readonly m: number };
}

/** Reads `D K N`, then alphas, means, factors and points (one point stands for all where `replicated`), gamma and m. */
export function readMixture(text: string, replicated = false): Mixture {
  const numbers = text.trim().split(/\s+/).map(Number);
  let at = 3;
  const [d, k, n] = numbers;
  const next = (...shape: number[]): Tensor => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tensor(Float64Array.from(numbers.slice(at, (at += size))), { shape });
  };
  const [alphas, means, icf] = [next(k), next(k, d), next(k, (d * (d + 1)) / 2)];
  const x = replicated ? next(1, d).broadcastTo([n, d]) : next(n, d);
  return { alphas, means, icf, x, wishart: { gamma: numbers[at], m: numbers[at + 1] } };
}

/** The logarithm of the likelihood of the points `x`, one a row, with the prior. */
export function likelihood(
  { gamma, m }: Mixture["wishart"],
  [alphas, means, icf, x]: readonly [Tensor, Tensor, Tensor, Tensor],
): Tensor {
  const d = x.shape[1] as number;
  const n = cast(dim(x, 0), f64);
  const logDiagonal = icf.at([null, null], [0, d]);
  const diagonal = exp(logDiagonal);
  const logDeterminants = sum(logDiagonal, { axes: [1] });
  const centred = sub(expandDims(x, { axis: 1 }), means);
  const whitened = add(mul(diagonal, centred), einsum("kji,nki->nkj", lowerTriangles(icf, d), centred));
  const exponents = sub(add(alphas, logDeterminants), mul(0.5, sum(square(whitened), { axes: [2] })));
  const points = sub(sum(logsumexp(exponents, { axes: [1] })), mul(n, logsumexp(alphas)));
  const strict = icf.at([null, null], [d, null]);
  const squares = add(sum(square(diagonal)), sum(square(strict)));
  const prior = sub(mul(0.5 * gamma * gamma, squares), mul(m, sum(logDeterminants)));
  const k = alphas.shape[0] as number;
  const constant = mul(n, -0.5 * d * Math.log(2 * Math.PI));
  return add(add(points, prior), sub(constant, mul(k, normalization(d, gamma, m))));
}

/** The strict lower triangles, [K, D, D], from the columns that stand behind the diagonals. */
function lowerTriangles(icf: Tensor, d: number): Tensor {
  const places = new Int32Array(d * d);
  const isBelow = new Uint8Array(d * d);
  let next = d;
  for (let column = 0; column < d; column++) {
    for (let row = column + 1; row < d; row++) {
      places[row * d + column] = next++;
      isBelow[row * d + column] = 1;
    }
  }
  const full = reshape(take(icf, tensor(places), { axis: 1 }), [-1, d, d]);
  return where(tensor(isBelow, { dtype: "bool", shape: [d, d] }), full, 0);
}

/** The logarithm of the Wishart density's constant. */
function normalization(d: number, gamma: number, m: number): Tensor {
  const n = d + m + 1;
  const halves = tensor(Array.from({ length: d }, (_, j) => 0.5 * (n - j)));
  const known = n * d * (Math.log(gamma) - 0.5 * Math.log(2)) - 0.25 * d * (d - 1) * Math.log(Math.PI);
  return sub(known, sum(lgamma(halves)));
}
