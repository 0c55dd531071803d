// Every expression of the conformance suite as an ordinary TypeScript function: its value, gradient and Hessian are those
// of the references; skipped where they are not at hand.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compileSource } from "../src/source/index.ts";

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

/** What mathematics has and JavaScript lacks, as a user would write it beside. */
const helpers = `const sec = (x: number) => 1 / Math.cos(x);
const csc = (x: number) => 1 / Math.sin(x);
const cot = (x: number) => 1 / Math.tan(x);
`;

/** The terms of its derivative are 10⁷ times their sum. */
const illConditioned = new Set(["rubi-hearn-21"]);

const names = Object.getOwnPropertyNames(Math).filter((name) => name !== "constructor");

/** The expression in TypeScript: `^` is `**`, and what Math has stands behind `Math.`. */
function typescript({ expr, vars }: Case): string {
  const words = expr.replace(/(?<![\w.])([A-Za-z_]\w*)\b/g, (word) =>
    !vars.includes(word) && names.includes(word) ? `Math.${word}` : word,
  );
  const powers = words.replaceAll("^", "**");
  // JavaScript wants parentheses around a minus before a power, and so does the reader of the text
  const text = powers.replace(/(^|[(,*/+\-<>?:=&|]\s*)-(?=[\w.]+(?:\([^()]*\))?\s*\*\*)/g, "$10 - ");
  return `${helpers}export function f(${vars.map((v) => `${v}: number`).join(", ")}) {\n  return ${text};\n}\n`;
}

function expectNear(got: number, want: number, tolerance: number, scale: number, what: string): void {
  expect(Math.abs(got - want) / Math.max(scale, Math.abs(want), 1e-300), `${what}: ${got}, want ${want}`).toBeLessThan(
    tolerance,
  );
}

describe.skipIf(cases.length === 0)("an expression as a TypeScript function has the derivatives of mathematics", () => {
  it.each(cases.map((c) => [c.name, c] as const))("%s", (name, c) => {
    const { vars, points } = c;
    const hessian = points[0].hess !== undefined;
    const f = compileSource(typescript(c), { entry: "f", gradient: true, hessian });
    for (const { x, value, grad, hess, f64_rel } of points) {
      const tolerance = Math.max(illConditioned.has(name) ? 1e-8 : 1e-12, 50 * f64_rel);
      const [v, g, h] = f(...vars.map((v) => x[v]));
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
