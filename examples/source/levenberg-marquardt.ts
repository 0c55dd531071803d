// Levenberg–Marquardt: y = a·exp(-b·t) + c fitted to data, with Nielsen's damping rule. (Marquardt, SIAM J. 11, 1963;
// Madsen, Nielsen, Tingleff, "Methods for Non-Linear Least Squares Problems", 2004, algorithm 3.16.)

function model(t: number, a: number, b: number, c: number): number {
  return a * Math.exp(-b * t) + c;
}

function error(ts: Float64Array, ys: Float64Array, a: number, b: number, c: number): number {
  let sum = 0;
  for (let i = 0; i < ts.length; i++) sum += (model(ts[i], a, b, c) - ys[i]) ** 2;
  return sum / 2;
}

/** Solves the symmetric 3 × 3 system in `m`, row by row, for the right side `v`: Cholesky's way. */
function solve(m: Float64Array, v: Float64Array): number[] {
  const n = 3;
  const l = new Float64Array(9);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = m[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j];
    }
  }
  const y = new Float64Array(3);
  for (let i = 0; i < n; i++) {
    let sum = v[i];
    for (let k = 0; k < i; k++) sum -= l[i * n + k] * y[k];
    y[i] = sum / l[i * n + i];
  }
  const x = new Float64Array(3);
  for (let i = n - 1; i >= 0; i--) {
    let sum = y[i];
    for (let k = i + 1; k < n; k++) sum -= l[k * n + i] * x[k];
    x[i] = sum / l[i * n + i];
  }
  return [x[0], x[1], x[2]];
}

/** The parameters [a, b, c] that fit best, from a first guess. */
export function fitted(ts: Float64Array, ys: Float64Array, a0: number, b0: number, c0: number): number[] {
  let [a, b, c] = [a0, b0, c0];
  let damping = 1e-3;
  let factor = 2;
  let cost = error(ts, ys, a, b, c);
  for (let step = 0; step < 100; step++) {
    const normal = new Float64Array(9);
    const slope = new Float64Array(3);
    for (let i = 0; i < ts.length; i++) {
      const decay = Math.exp(-b * ts[i]);
      const residual = a * decay + c - ys[i];
      const row = [decay, -a * ts[i] * decay, 1];
      for (let j = 0; j < 3; j++) {
        slope[j] -= row[j] * residual;
        for (let k = 0; k < 3; k++) normal[j * 3 + k] += row[j] * row[k];
      }
    }
    if (Math.abs(slope[0]) + Math.abs(slope[1]) + Math.abs(slope[2]) < 1e-12) break;
    for (let j = 0; j < 3; j++) normal[j * 4] *= 1 + damping;
    const [da, db, dc] = solve(normal, slope);
    const next = error(ts, ys, a + da, b + db, c + dc);
    if (!(next < cost)) {
      damping *= factor;
      factor *= 2;
      if (damping > 1e12) break;
      continue;
    }
    [a, b, c] = [a + da, b + db, c + dc];
    cost = next;
    damping = Math.max(damping / 3, 1e-15);
    factor = 2;
  }
  return [a, b, c];
}

/** The first fitted parameter: a number, whose gradient says how the fit depends on each measurement. */
export function amplitude(ts: Float64Array, ys: Float64Array): number {
  return fitted(ts, ys, 1, 1, 0)[0];
}
