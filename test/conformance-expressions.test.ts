// Values, gradients and Hessians of expressions against references from outside the project; skipped where they are not at hand.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compileExpression } from "../src/index.ts";

const folder = process.env.ADJOINT_CONFORMANCE ?? fileURLToPath(new URL("../../shared/conformance", import.meta.url));
const file = join(folder, "expressions/expressions.json");

interface Point {
  readonly x: Readonly<Record<string, number>>;
  readonly value: number;
  readonly grad: Readonly<Record<string, number>>;
  readonly hess?: Readonly<Record<string, number>>;
  readonly f64_rel: number;
}

interface Case {
  readonly name: string;
  readonly expr: string;
  readonly vars: readonly string[];
  readonly points: readonly Point[];
}

const cases: readonly Case[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];

/** The terms of its derivative are 10⁷ times their sum: a² - b² is near 0, as f64_rel says of the value alone. */
const illConditioned = new Set(["rubi-hearn-21"]);

function expectNear(got: number, want: number, tolerance: number, scale: number, what: string): void {
  expect(Math.abs(got - want) / Math.max(scale, Math.abs(want), 1e-300), `${what}: ${got}, want ${want}`).toBeLessThan(
    tolerance,
  );
}

describe.skipIf(cases.length === 0)("expressions have the value, gradient and Hessian that mathematics says", () => {
  it.each(cases.map((c) => [c.name, c] as const))("%s", (name, { expr, vars, points }) => {
    const hessian = points[0].hess !== undefined;
    const f = compileExpression(expr, vars, { gradient: true, hessian });
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
  });
});
