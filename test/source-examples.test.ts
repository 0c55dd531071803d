// The TypeScript of examples/source: compiled it gives the bits that it gives when it runs itself, its derivatives are
// right, and what it computes is what the sciences say.

import { describe, expect, it } from "vitest";
import * as blackScholes from "../examples/source/black-scholes.ts";
import * as kalman from "../examples/source/kalman.ts";
import * as levenbergMarquardt from "../examples/source/levenberg-marquardt.ts";
import * as logisticRegression from "../examples/source/logistic-regression.ts";
import * as newton from "../examples/source/newton.ts";
import * as rungeKutta from "../examples/source/runge-kutta.ts";
import * as twoBody from "../examples/source/two-body.ts";
import { aim, calibrate, classify, compiled } from "../examples/source.ts";

type Numeric = (...args: never[]) => unknown;

interface Case {
  readonly file: string;
  readonly entry: string;
  readonly own: Numeric;
  readonly points: readonly (readonly unknown[])[];
  /** The parameters whose derivatives are compared with differences. */
  readonly wrt?: readonly string[];
}

const times = Float64Array.from({ length: 12 }, (_, i) => i / 3);
const decay = times.map((t) => 2.5 * Math.exp(-1.3 * t) + 0.7 + 0.01 * Math.sin(50 * t));
const rows = Float64Array.from({ length: 12 }, (_, i) => Math.sin(3 * i));
const labels = new Int32Array([1, 0, 1, 1, 0, 0]);
const track = Float64Array.from({ length: 25 }, (_, t) => (t === 7 ? Number.NaN : 0.4 * t + 0.3 * Math.sin(9 * t)));

const cases: readonly Case[] = [
  {
    file: "newton",
    entry: "anomaly",
    own: newton.anomaly,
    points: [
      [1.2, 0.5],
      [3, 0.9],
      [0, 0],
    ],
    wrt: ["M", "e"],
  },
  {
    file: "runge-kutta",
    entry: "energy",
    own: rungeKutta.energy,
    points: [
      [1, 9.81, 0.2, 0.01, 300],
      [0.3, 2, 0, 0.05, 40],
    ],
    wrt: ["angle", "stiffness", "damping"],
  },
  {
    file: "levenberg-marquardt",
    entry: "fitted",
    own: levenbergMarquardt.fitted,
    points: [
      [times, decay, 1, 1, 0],
      [times, decay, 9, 0.1, 2],
    ],
  },
  {
    file: "levenberg-marquardt",
    entry: "amplitude",
    own: levenbergMarquardt.amplitude,
    points: [[times, decay]],
    wrt: ["ys"],
  },
  {
    file: "logistic-regression",
    entry: "loss",
    own: logisticRegression.loss,
    points: [[new Float64Array([0.3, -0.2, 0.1]), rows, labels, 0.1]],
    wrt: ["w", "xs", "ridge"],
  },
  {
    file: "logistic-regression",
    entry: "correct",
    own: logisticRegression.correct,
    points: [[new Float64Array([1, 2, 0]), rows, labels]],
  },
  {
    file: "black-scholes",
    entry: "price",
    own: blackScholes.price,
    points: [
      [100, 95, 0.03, 0.2, 1.5, true],
      [100, 120, 0.01, 0.4, 0.25, false],
      [100, 95, 0.03, 0.2, 0, true],
    ],
    wrt: ["spot", "strike", "rate"],
  },
  {
    file: "kalman",
    entry: "logLikelihood",
    own: kalman.logLikelihood,
    points: [
      [track, -3, -2],
      [track, -1, 0.5, 0.5],
    ],
    wrt: ["process", "measurement"],
  },
  {
    file: "two-body",
    entry: "miss",
    own: twoBody.miss,
    points: [[0.1, 1.1, -1, 0.5, 3, 300]],
    wrt: ["vx", "vy", "targetX", "duration"],
  },
  { file: "two-body", entry: "energy", own: twoBody.energy, points: [[0, 1.1, 20, 2000]], wrt: ["vx", "vy"] },
];

const copied = (args: readonly unknown[]): unknown[] =>
  args.map((x) => (ArrayBuffer.isView(x) ? (x as Float64Array).slice() : x));

describe("compiled examples", () => {
  it.each(cases.map((c) => [`${c.file}: ${c.entry}`, c] as const))(
    "%s gives the bits of plain TypeScript",
    (_, { file, entry, own, points }) => {
      const f = compiled(file, { entry });
      for (const point of points) {
        const [mine, theirs] = [copied(point), copied(point)];
        expect(f(...mine)).toStrictEqual(own(...(theirs as never[])));
        expect(mine).toStrictEqual(theirs);
      }
    },
  );

  const smooth = cases.filter((c) => c.wrt !== undefined);
  it.each(smooth.map((c) => [`${c.file}: ${c.entry}`, c] as const))(
    "%s has the gradient that differences have",
    (_, c) => {
      const f = compiled(c.file, { entry: c.entry, gradient: true, wrt: c.wrt });
      const names = parametersOf(c.own);
      for (const point of c.points) {
        const [value, gradient] = f(...copied(point));
        expect(value).toBe(c.own(...(copied(point) as never[])));
        for (const [k, name] of (c.wrt ?? []).entries()) {
          const at = names.indexOf(name);
          expect(at, name).toBeGreaterThanOrEqual(0);
          const parts = typeof point[at] === "number" ? [gradient[k]] : [...gradient[k]];
          for (const [j, got] of parts.entries()) {
            const want = difference(c.own, point, at, j);
            expect(Math.abs(got - want), `${name}[${j}]: ${got}, differences ${want}`).toBeLessThan(
              1e-5 * (1 + Math.abs(want)),
            );
          }
        }
      }
    },
  );
});

/** The names in the head of a function's own text. */
function parametersOf(own: Numeric): readonly string[] {
  const list = /\(([^)]*)\)/.exec(own.toString())?.[1] ?? "";
  return list.split(",").map((p) => p.split(/[:=]/)[0].trim());
}

/** A central difference, extrapolated once. */
function difference(f: Numeric, point: readonly unknown[], at: number, j: number): number {
  const by = (h: number): number => {
    const args = copied(point);
    if (typeof args[at] === "number") args[at] = (args[at] as number) + h;
    else (args[at] as Float64Array)[j] += h;
    return f(...(args as never[])) as number;
  };
  const central = (h: number): number => (by(h) - by(-h)) / (2 * h);
  return (4 * central(5e-4) - central(1e-3)) / 3;
}

describe("what they compute", () => {
  it("solves Kepler's equation, whose derivatives are known", () => {
    const f = compiled("newton", { gradient: true });
    for (const [mean, e] of [
      [1.2, 0.5],
      [0.3, 0.1],
      [2.8, 0.95],
    ]) {
      const [anomaly, [byMean, byEccentricity]] = f(mean, e);
      expect(anomaly - e * Math.sin(anomaly)).toBeCloseTo(mean, 12);
      expect(byMean).toBeCloseTo(1 / (1 - e * Math.cos(anomaly)), 8);
      expect(byEccentricity).toBeCloseTo(Math.sin(anomaly) / (1 - e * Math.cos(anomaly)), 8);
    }
  });

  it("keeps the energy of a pendulum without damping, and of an orbit", () => {
    const energy = compiled("runge-kutta", {});
    expect(energy(1, 9.81, 0, 0.01, 1000)).toBeCloseTo(9.81 * (1 - Math.cos(1)), 6);
    expect(energy(1, 9.81, 0.2, 0.01, 1000)).toBeLessThan(2);
    const orbit = compiled("two-body", { entry: "energy" });
    expect(orbit(0, 1.1, 20, 20_000)).toBeCloseTo(1.1 ** 2 / 2 - 1, 6);
  });

  it("fits a decay exactly where the data are one", () => {
    const exact = times.map((t) => 2.5 * Math.exp(-1.3 * t) + 0.7);
    const [a, b, c] = compiled("levenberg-marquardt", { entry: "fitted" })(times, exact, 1, 1, 0);
    expect([a, b, c].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([2.5, 1.3, 0.7]);
  });

  it("prices puts and calls in parity, with the Greeks of the formula", () => {
    const price = compiled("black-scholes", { hessian: true, wrt: ["spot", "volatility"] });
    const [call, [delta, vega], [[gamma]]] = price(100, 95, 0.03, 0.2, 1.5, true);
    const [put] = price(100, 95, 0.03, 0.2, 1.5, false);
    expect(call - put).toBeCloseTo(100 - 95 * Math.exp(-0.03 * 1.5), 10);
    const d1 = (Math.log(100 / 95) + (0.03 + 0.02) * 1.5) / (0.2 * Math.sqrt(1.5));
    const density = Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI);
    // the approximation of the normal distribution is good to 7.5e-8, and so are its derivatives to a little less
    expect(vega).toBeCloseTo(100 * density * Math.sqrt(1.5), 3);
    expect(gamma).toBeCloseTo(density / (100 * 0.2 * Math.sqrt(1.5)), 5);
    expect(delta).toBeGreaterThan(0.69);
  });

  it("learns classes, finds variances without a slope, and hits the target", () => {
    const { losses, right } = classify();
    expect(losses[losses.length - 1]).toBeLessThan(losses[0] / 2);
    expect(right).toBeGreaterThan(90);
    const { slope } = calibrate();
    expect(Math.max(...slope.map(Math.abs))).toBeLessThan(1e-6);
    expect(aim().miss).toBeLessThan(1e-3);
  });
});
