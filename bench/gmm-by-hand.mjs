// The objective of a Gaussian mixture and its gradient in plain loops, derived by hand.

/** Σᵢ over j of v's logarithms: max + log Σ exp(v - max). */
function logSumExp(v) {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < v.length; i++) if (v[i] > largest) largest = v[i];
  let total = 0;
  for (let i = 0; i < v.length; i++) total += Math.exp(v[i] - largest);
  return Math.log(total) + largest;
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** log Γ(x) for x > 0.5, by C. Lanczos (1964) with g = 7. */
function logGamma(x) {
  let sum = lanczos[0];
  for (let i = 1; i < 9; i++) sum += lanczos[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Both as functions that write to memory of their own. */
export function gmmByHand({ d, K, n, gamma, m, alphas, means, icf, x }) {
  const size = (d * (d + 1)) / 2;
  const diagonal = new Float64Array(K * d);
  const logDet = new Float64Array(K);
  const centred = new Float64Array(K * d);
  const whitened = new Float64Array(K * d);
  const terms = new Float64Array(K);
  const gAlphas = new Float64Array(K);
  const gMeans = new Float64Array(K * d);
  const gIcf = new Float64Array(K * size);

  function prepare() {
    for (let k = 0; k < K; k++) {
      logDet[k] = 0;
      for (let i = 0; i < d; i++) {
        const q = icf[k * size + i];
        logDet[k] += q;
        diagonal[k * d + i] = Math.exp(q);
      }
    }
  }

  /** The exponent of each component at point p; what led there is kept. */
  function exponents(p) {
    for (let k = 0; k < K; k++) {
      const at = k * d;
      for (let i = 0; i < d; i++) {
        const c = x[p * d + i] - means[at + i];
        centred[at + i] = c;
        whitened[at + i] = diagonal[at + i] * c;
      }
      let place = k * size + d;
      for (let i = 0; i < d; i++) {
        const c = centred[at + i];
        for (let j = i + 1; j < d; j++) whitened[at + j] += icf[place++] * c;
      }
      let squares = 0;
      for (let i = 0; i < d; i++) squares += whitened[at + i] * whitened[at + i];
      terms[k] = alphas[k] + logDet[k] - 0.5 * squares;
    }
  }

  function prior() {
    const freedom = d + m + 1;
    let multivariate = 0.25 * d * (d - 1) * Math.log(Math.PI);
    for (let j = 0; j < d; j++) multivariate += logGamma(0.5 * (freedom - j));
    const constant = freedom * d * (Math.log(gamma) - 0.5 * Math.log(2)) - multivariate;
    let total = 0;
    for (let k = 0; k < K; k++) {
      let squares = 0;
      for (let i = 0; i < d; i++) squares += diagonal[k * d + i] ** 2;
      for (let i = d; i < size; i++) squares += icf[k * size + i] ** 2;
      total += 0.5 * gamma * gamma * squares - m * logDet[k];
    }
    return total - K * constant;
  }

  function objective() {
    prepare();
    let total = 0;
    for (let p = 0; p < n; p++) {
      exponents(p);
      total += logSumExp(terms);
    }
    return -0.5 * n * d * Math.log(2 * Math.PI) + total - n * logSumExp(alphas) + prior();
  }

  /** What point p adds to the gradients; gives its part of the objective. */
  function pull(p) {
    exponents(p);
    const all = logSumExp(terms);
    for (let k = 0; k < K; k++) {
      const weight = Math.exp(terms[k] - all);
      const at = k * d;
      gAlphas[k] += weight;
      for (let i = 0; i < d; i++) {
        const back = weight * whitened[at + i];
        gIcf[k * size + i] += weight - back * diagonal[at + i] * centred[at + i];
        gMeans[at + i] += back * diagonal[at + i];
      }
      let place = k * size + d;
      for (let i = 0; i < d; i++) {
        let mean = 0;
        for (let j = i + 1; j < d; j++, place++) {
          const back = weight * whitened[at + j];
          gIcf[place] -= back * centred[at + i];
          mean += back * icf[place];
        }
        gMeans[at + i] += mean;
      }
    }
    return all;
  }

  function gradient() {
    prepare();
    gAlphas.fill(0);
    gMeans.fill(0);
    gIcf.fill(0);
    let total = 0;
    for (let p = 0; p < n; p++) total += pull(p);
    const all = logSumExp(alphas);
    for (let k = 0; k < K; k++) {
      gAlphas[k] -= n * Math.exp(alphas[k] - all);
      for (let i = 0; i < d; i++) gIcf[k * size + i] += gamma * gamma * diagonal[k * d + i] ** 2 - m;
      for (let i = d; i < size; i++) gIcf[k * size + i] += gamma * gamma * icf[k * size + i];
    }
    return -0.5 * n * d * Math.log(2 * Math.PI) + total - n * all + prior();
  }

  return { objective, gradient, gradients: () => [...gAlphas, ...gMeans, ...gIcf] };
}
