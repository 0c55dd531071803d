// Expressions with their values, gradients and Hessians by references from outside the project, and what agrees with them.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const folder =
  process.env.ADJOINT_CONFORMANCE ?? fileURLToPath(new URL("../../../shared/conformance", import.meta.url));
const file = join(folder, "expressions/expressions.json");

interface Point {
  readonly x: Readonly<Record<string, number>>;
  readonly value: number;
  readonly grad: Readonly<Record<string, number>>;
  readonly hess?: Readonly<Record<string, number>>;
  readonly f64_rel: number;
}

export interface ReferenceExpression {
  readonly name: string;
  readonly expr: string;
  readonly vars: readonly string[];
  readonly points: readonly Point[];
}

/** None where the references are not at hand. */
export const referenceExpressions: readonly ReferenceExpression[] = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : [];

/** The terms of its derivative are 10⁷ times their sum: a² - b² is near 0, as f64_rel says of the value alone. */
const illConditioned = new Set(["rubi-hearn-21"]);

function expectNear(got: number, want: number, tolerance: number, scale: number, what: string): void {
  expect(Math.abs(got - want) / Math.max(scale, Math.abs(want), 1e-300), `${what}: ${got}, want ${want}`).toBeLessThan(
    tolerance,
  );
}

type Derivatives = (
  ...x: number[]
) => readonly [value: number, gradient: readonly number[], hessian: readonly number[][]];

/** Whether the references have second derivatives. */
export function hasHessian({ points }: ReferenceExpression): boolean {
  return points[0].hess !== undefined;
}

/** Value, gradient and Hessian, where there is one, at every point. */
export function expectReferences({ name, vars, points }: ReferenceExpression, f: Derivatives): void {
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
