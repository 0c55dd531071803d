// A Kalman filter for a body with nearly constant speed, seen at noisy positions: the log likelihood of what was seen, which
// is largest for the true noise. (Kalman, J. Basic Engineering 82, 1960; Durbin and Koopman, "Time Series Analysis by State
// Space Methods", 2012, 7.2.)

/** `process` and `measurement` are the logarithms of the two variances, `dt` the time between two positions. */
export function logLikelihood(positions: Float64Array, process: number, measurement: number, dt = 1): number {
  const q = Math.exp(process);
  const r = Math.exp(measurement);
  let [x, v] = [positions[0], 0];
  let [pxx, pxv, pvv] = [r, 0, 10];
  let sum = 0;
  for (let t = 1; t < positions.length; t++) {
    // on to the next time
    x += v * dt;
    pxx += dt * (2 * pxv + dt * pvv) + (q * dt ** 3) / 3;
    pxv += dt * pvv + (q * dt ** 2) / 2;
    pvv += q * dt;
    // what is seen there
    const seen = positions[t];
    if (Number.isNaN(seen)) continue;
    const innovation = seen - x;
    const s = pxx + r;
    const [kx, kv] = [pxx / s, pxv / s];
    x += kx * innovation;
    v += kv * innovation;
    [pxx, pxv, pvv] = [(1 - kx) * pxx, (1 - kx) * pxv, pvv - kv * pxv];
    sum -= 0.5 * (Math.log(2 * Math.PI * s) + innovation ** 2 / s);
  }
  return sum;
}
