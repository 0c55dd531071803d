// ADBench: the log-likelihood of a Gaussian mixture with a Wishart prior, as loops over flat arrays. (Objective: F. Šrajer,
// Z. Kukelova, A. Fitzgibbon, "A benchmark of selected algorithmic differentiation tools in computer vision and machine
// learning", Optimization Methods and Software 33, 2018.)

const halfLogPi = 0.5 * Math.log(Math.PI);

/** The logarithm of the gamma function of a positive number. (C. Lanczos, 1964; coefficients for g = 7: P. Godfrey, 2001.) */
function logGamma(z: number): number {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  let sum = 0.9999999999998099;
  for (let i = 0; i < coefficients.length; i++) sum += coefficients[i] / (z + i);
  const t = z + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (z - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** log Σ exp(xᵢ), where no term overflows. */
function logSumExp(xs: Float64Array): number {
  let largest = xs[0];
  for (let i = 1; i < xs.length; i++) if (xs[i] > largest) largest = xs[i];
  let sum = 0;
  for (let i = 0; i < xs.length; i++) sum += Math.exp(xs[i] - largest);
  return largest + Math.log(sum);
}

/** The logarithm of the prior of the factors, whose diagonals are `diagonals`, up to their number times a constant. */
function wishart(icf: Float64Array, diagonals: Float64Array, d: number, gamma: number, m: number): number {
  const components = diagonals.length / d;
  const size = icf.length / components;
  let prior = 0;
  for (let k = 0; k < components; k++) {
    let squares = 0;
    let logDeterminant = 0;
    for (let i = 0; i < d; i++) {
      squares += diagonals[k * d + i] ** 2;
      logDeterminant += icf[k * size + i];
    }
    for (let i = d; i < size; i++) squares += icf[k * size + i] ** 2;
    prior += 0.5 * gamma * gamma * squares - m * logDeterminant;
  }
  return prior;
}

/** The logarithm of the constant of the Wishart density. */
function normalization(d: number, gamma: number, m: number): number {
  const n = d + m + 1;
  let sum = n * d * (Math.log(gamma) - 0.5 * Math.LN2) - 0.5 * d * (d - 1) * halfLogPi;
  for (let j = 0; j < d; j++) sum -= logGamma(0.5 * (n - j));
  return sum;
}

/**
 * The logarithm of the likelihood of the points `xs`, d numbers each, with the prior. Component k has the weight
 * exp(alphas[k]) before they are made to add up to 1, the mean in row k of `means`, and in row k of `icf` the factor of its
 * inverse covariance: the logarithms of the diagonal, then the strict lower triangle column by column.
 */
export function likelihood(
  alphas: Float64Array,
  means: Float64Array,
  icf: Float64Array,
  xs: Float64Array,
  gamma: number,
  m: number,
): number {
  const components = alphas.length;
  const d = means.length / components;
  const size = icf.length / components;
  const n = xs.length / d;
  const diagonals = new Float64Array(means.length);
  const logDeterminants = new Float64Array(alphas.length);
  for (let k = 0; k < components; k++) {
    for (let i = 0; i < d; i++) {
      diagonals[k * d + i] = Math.exp(icf[k * size + i]);
      logDeterminants[k] += icf[k * size + i];
    }
  }

  let sum = 0;
  const terms = new Float64Array(alphas.length);
  for (let p = 0; p < n; p++) {
    for (let k = 0; k < components; k++) {
      let squares = 0;
      for (let row = 0; row < d; row++) {
        let whitened = diagonals[k * d + row] * (xs[p * d + row] - means[k * d + row]);
        // where row `row` has its entry of column 0, less what each further column is shorter
        let at = k * size + d + row - 1;
        for (let column = 0; column < row; column++) {
          whitened += icf[at] * (xs[p * d + column] - means[k * d + column]);
          at += d - 2 - column;
        }
        squares += whitened * whitened;
      }
      terms[k] = alphas[k] + logDeterminants[k] - 0.5 * squares;
    }
    sum += logSumExp(terms);
  }

  const density = sum - n * (logSumExp(alphas) + d * (0.5 * Math.LN2 + halfLogPi));
  return density + wishart(icf, diagonals, d, gamma, m) - components * normalization(d, gamma, m);
}
