// Ordinary TypeScript, compiled with its derivatives: what each of the files in examples/source is good for.
// `npm run build && node build/examples/source.js`

import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { compileSource, type SourceOptions } from "adjoint/source";

/** Where the TypeScript is: beside this file, or beside what it was built from. */
const folders = ["./source/", "../../examples/source/"].map((path) => new URL(path, import.meta.url));

/** A function of one of the files, compiled. */
export function compiled(name: string, options: SourceOptions) {
  const file = folders.map((folder) => new URL(`${name}.ts`, folder)).find((url) => existsSync(url));
  if (file === undefined) throw new Error(`examples/source/${name}.ts is not there`);
  return compileSource(readFileSync(file, "utf8"), { file: `examples/source/${name}.ts`, ...options });
}

/** The weights that gradient descent finds for two clouds of points, and how many of them it puts right. */
export function classify(steps = 200): { readonly losses: readonly number[]; readonly right: number } {
  const count = 100;
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  // low-discrepancy noise around (-1, -1) and (1, 1)
  const noise = (i: number): number => 2 * ((i * 0.618033988749895) % 1) - 1;
  const xs = Float64Array.from({ length: 2 * count }, (_, k) => 2 * labels[k >> 1] - 1 + 1.5 * noise(k + 1));
  const loss = compiled("logistic-regression", { entry: "loss", gradient: true, wrt: ["w"] });
  const correct = compiled("logistic-regression", { entry: "correct" });
  const w = new Float64Array(3);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [value, [slope]] = loss(w, xs, labels, 0.01);
    losses.push(value);
    for (let j = 0; j < w.length; j++) w[j] -= slope[j];
  }
  return { losses, right: correct(w, xs, labels) };
}

/** Two variances at which what was seen is likeliest: damped Newton steps with the exact gradient and Hessian. */
export function calibrate(steps = 60): { readonly at: readonly number[]; readonly slope: readonly number[] } {
  const positions = Float64Array.from({ length: 60 }, (_, t) => 0.5 * t + 3 * Math.sin(t / 8) + 0.4 * Math.sin(37 * t));
  const likelihood = compiled("kalman", { hessian: true, wrt: ["process", "measurement"] });
  let at = [-4, -2];
  let [value, slope, curve] = likelihood(positions, at[0], at[1]);
  let damping = 1;
  for (let i = 0; i < steps; i++) {
    // uphill: the Hessian is made negative by as much as it takes
    const [[a, b], [, d]] = curve;
    const [p, q] = [a - damping, d - damping];
    const determinant = p * q - b * b;
    const next = [
      at[0] - (q * slope[0] - b * slope[1]) / determinant,
      at[1] - (p * slope[1] - b * slope[0]) / determinant,
    ];
    const there = likelihood(positions, next[0], next[1]);
    if (p < 0 && determinant > 0 && there[0] >= value) {
      [at, [value, slope, curve], damping] = [next, there, damping / 4];
    } else damping *= 4;
  }
  return { at, slope };
}

/** The speed that brings a body from (1, 0) to the target: Gauss–Newton would do; descent on the gradient does. */
export function aim(
  targetX = -0.4,
  targetY = 1,
  steps = 400,
): { readonly speed: readonly number[]; readonly miss: number } {
  const miss = compiled("two-body", { entry: "miss", gradient: true, wrt: ["vx", "vy"] });
  let [vx, vy] = [0, 1];
  let [value, slope]: [number, number[]] = miss(vx, vy, targetX, targetY, 2, 200);
  let rate = 0.1;
  for (let i = 0; i < steps && value > 1e-20; i++) {
    const next = [vx - rate * slope[0], vy - rate * slope[1]];
    const [there, slopeThere] = miss(next[0], next[1], targetX, targetY, 2, 200);
    if (there < value) [vx, vy, value, slope, rate] = [next[0], next[1], there, slopeThere, rate * 1.2];
    else rate /= 2;
  }
  return { speed: [vx, vy], miss: Math.sqrt(value) };
}

function show(): void {
  const [eccentric, [byMean, byEccentricity]] = compiled("newton", { gradient: true })(1.2, 0.5);
  console.log(`Kepler: E = ${eccentric}, dE/dM = ${byMean}, dE/de = ${byEccentricity}`);

  const [left, [byAngle, byStiffness, byDamping]] = compiled("runge-kutta", { gradient: true })(
    1,
    9.81,
    0.2,
    0.01,
    500,
  );
  console.log(`pendulum: energy ${left}, by angle ${byAngle}, stiffness ${byStiffness}, damping ${byDamping}`);

  const times = Float64Array.from({ length: 20 }, (_, i) => i / 4);
  const seen = times.map((t) => 2.5 * Math.exp(-1.3 * t) + 0.7);
  console.log(`fit: ${compiled("levenberg-marquardt", { entry: "fitted" })(times, seen, 1, 1, 0)}`);

  const { losses, right } = classify();
  console.log(`classes: loss ${losses[0]} → ${losses[losses.length - 1]}, ${right} of 100 right`);

  const wrt = ["spot", "volatility", "rate", "years"];
  const [price, [delta, vega, rho, theta], [[gamma]]] = compiled("black-scholes", { hessian: true, wrt })(
    100,
    95,
    0.03,
    0.2,
    1.5,
    true,
  );
  console.log(`option: ${price}, delta ${delta}, gamma ${gamma}, vega ${vega}, rho ${rho}, theta ${-theta}`);

  const { at } = calibrate();
  console.log(`Kalman: variances ${at.map(Math.exp).join(" and ")}`);

  const { speed, miss } = aim();
  console.log(`orbit: speed ${speed.join(", ")}, off by ${miss}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) show();
