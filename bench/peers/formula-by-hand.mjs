// sin(x y) + exp(z / 3) x² - log(1 + y²) over arrays of f64, by hand: functions of ranges that are never inlined, so that
// engines optimise them on their own.

export function formulaValues(x, y, z, out, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) {
    out[i] = Math.sin(x[i] * y[i]) + Math.exp(z[i] / 3) * x[i] * x[i] - Math.log(1 + y[i] * y[i]);
  }
}

export function formulaGradients(x, y, z, out, dx, dy, dz, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) {
    const [p, q] = [x[i], y[i]];
    const e = Math.exp(z[i] / 3);
    const square = 1 + q * q;
    const slope = Math.cos(p * q);
    out[i] = Math.sin(p * q) + e * p * p - Math.log(square);
    dx[i] = q * slope + 2 * p * e;
    dy[i] = p * slope - (2 * q) / square;
    dz[i] = (e * p * p) / 3;
  }
}
