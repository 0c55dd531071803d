// The expressions of the conformance suite with the values and derivatives that mathematics gives them.

import { expect } from "vitest";
import { describeWith } from "./needs.ts";
import { referencePath, referenceText } from "./references.ts";

const path = "expressions/expressions.json";

/** Declares tests of them; where they are not at hand, a skipped one that says so. */
export const describeExpressions = describeWith(path);

export interface Point {
  readonly x: Readonly<Record<string, number>>;
  readonly value: number;
  readonly grad: Readonly<Record<string, number>>;
  readonly hess?: Readonly<Record<string, number>>;
  readonly f64_rel: number;
}

export interface ExpressionCase {
  readonly name: string;
  readonly expr: string;
  readonly vars: readonly string[];
  readonly points: readonly Point[];
}

/** None where the suite is not at hand. */
export const expressionCases: readonly ExpressionCase[] =
  referencePath(path) === undefined ? [] : JSON.parse(referenceText(path));

/** The terms of its derivative are 10⁷ times their sum: a² - b² is near 0, as f64_rel says of the value alone. */
const illConditioned = new Set(["rubi-hearn-21"]);

function expectNear(got: number, want: number, tolerance: number, scale: number, what: string): void {
  expect(Math.abs(got - want) / Math.max(scale, Math.abs(want), 1e-300), `${what}: ${got}, want ${want}`).toBeLessThan(
    tolerance,
  );
}

type WithDerivatives = (...xs: number[]) => readonly [number, readonly number[], readonly (readonly number[])[]];

export function hasHessian({ points }: ExpressionCase): boolean {
  return points[0].hess !== undefined;
}

/** Fails unless `f` gives the value, the gradient and, where the suite has it, the Hessian at every point. */
export function expectDerivatives(f: WithDerivatives, { name, vars, points }: ExpressionCase): void {
  for (const { x, value, grad, hess, f64_rel } of points) {
    const tolerance = Math.max(illConditioned.has(name) ? 1e-8 : 1e-12, 50 * f64_rel);
    const [v, g, h] = f(...vars.map((v) => x[v]));
    // rounding in the value's terms shows in derivatives that are smaller than it
    const scale = Math.max(Math.abs(value), ...Object.values(grad).map(Math.abs));
    expectNear(v, value, tolerance, 0, "value");
    for (const [i, v] of vars.entries()) expectNear(g[i], grad[v], tolerance, scale, `d/d${v}`);
    for (const [pair, want] of Object.entries(hess ?? {})) {
      const [i, k] = pair.split(",").map((v) => vars.indexOf(v));
      expectNear(h[i][k], want, tolerance, scale, `d²/d${pair}`);
      expectNear(h[k][i], want, tolerance, scale, `d²/d${pair}, the other way`);
    }
  }
}
