// The classical Runge–Kutta method for a damped pendulum. Its gradient runs the method backwards: the discrete adjoint.
// (Hairer, Nørsett, Wanner, "Solving Ordinary Differential Equations I", 1993, II.1; adjoints: Giles and Pierce, 2000.)

interface Pendulum {
  /** Gravity over length, 1/s². */
  readonly stiffness: number;
  /** 1/s. */
  readonly damping: number;
}

/** The rates of angle and speed. */
function rates(y: number[], p: Pendulum): number[] {
  return [y[1], -p.stiffness * Math.sin(y[0]) - p.damping * y[1]];
}

function moved(y: number[], by: number[], h: number): number[] {
  return [y[0] + h * by[0], y[1] + h * by[1]];
}

/** The energy that is left after `steps` steps of length `h`, from rest at `angle`. */
export function energy(angle: number, stiffness: number, damping: number, h: number, steps: number): number {
  const p = { stiffness, damping };
  let y = [angle, 0];
  for (let i = 0; i < steps; i++) {
    const k1 = rates(y, p);
    const k2 = rates(moved(y, k1, h / 2), p);
    const k3 = rates(moved(y, k2, h / 2), p);
    const k4 = rates(moved(y, k3, h), p);
    y = [
      y[0] + (h / 6) * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0]),
      y[1] + (h / 6) * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1]),
    ];
  }
  return 0.5 * y[1] ** 2 + stiffness * (1 - Math.cos(y[0]));
}
