// A body around a fixed one by the leapfrog method, to be sent so that it comes by a target. (Hairer, Lubich, Wanner,
// "Geometric Numerical Integration", 2006, I.3.1.)

interface Body {
  x: number;
  y: number;
  vx: number;
  vy: number;
}

/** One step of half a kick, a drift and half a kick; gravity is 1. */
function step(b: Body, h: number): void {
  let r3 = Math.hypot(b.x, b.y) ** 3;
  b.vx -= ((h / 2) * b.x) / r3;
  b.vy -= ((h / 2) * b.y) / r3;
  b.x += h * b.vx;
  b.y += h * b.vy;
  r3 = Math.hypot(b.x, b.y) ** 3;
  b.vx -= ((h / 2) * b.x) / r3;
  b.vy -= ((h / 2) * b.y) / r3;
}

/** The square of the distance to the target after the time `duration`, from (1, 0) with the speed (vx, vy). */
export function miss(
  vx: number,
  vy: number,
  targetX: number,
  targetY: number,
  duration: number,
  steps: number,
): number {
  const body = { x: 1, y: 0, vx, vy };
  const h = duration / steps;
  for (let i = 0; i < steps; i++) step(body, h);
  return (body.x - targetX) ** 2 + (body.y - targetY) ** 2;
}

/** The energy after that time, which the method keeps. */
export function energy(vx: number, vy: number, duration: number, steps: number): number {
  const body = { x: 1, y: 0, vx, vy };
  for (let i = 0; i < steps; i++) step(body, duration / steps);
  return (body.vx ** 2 + body.vy ** 2) / 2 - 1 / Math.hypot(body.x, body.y);
}
