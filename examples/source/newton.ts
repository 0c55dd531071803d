// Newton's method for Kepler's equation, E - e·sin(E) = M: the eccentric anomaly of an orbit. (Kepler, Astronomia nova, 1609;
// the iteration: Ypma, "Historical development of the Newton–Raphson method", SIAM Review 37, 1995.)

/** The eccentric anomaly for the mean anomaly `M` and the eccentricity `e`, both in radians and below 1. */
export function anomaly(M: number, e: number): number {
  let E = e < 0.8 ? M : Math.PI;
  for (let step = 0; step < 50; step++) {
    const residual = E - e * Math.sin(E) - M;
    const slope = 1 - e * Math.cos(E);
    const next = E - residual / slope;
    if (Math.abs(next - E) < 1e-14) return next;
    E = next;
  }
  return E;
}
