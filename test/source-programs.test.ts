// Programs of the field, as they are written: compiled they give the bits of JavaScript, and their derivatives are those
// that differences give.

import { describe, expect, it } from "vitest";
import { compileSource, type SourceOptions } from "../src/source/index.ts";
import { expectPlain, outcomeOf } from "./support/source-programs/outcome.ts";
import type { Run } from "./support/source-programs/plain.ts";

interface Program {
  readonly text: string;
  readonly args: readonly unknown[];
}

const compiled = (text: string, options: SourceOptions = {}): Run => compileSource(text, options) as Run;

/** Of smooth functions. */
const smooth: Readonly<Record<string, Program>> = {
  "the determinant by Cholesky's method, which gives up in a loop": {
    text: `export function main(a: number[]): number {
  const n = Math.sqrt(a.length) | 0;
  const L = new Float64Array(a.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= L[i * n + k] * L[j * n + k];
      if (i === j) {
        if (sum <= 0) return NaN;
        L[i * n + i] = Math.sqrt(sum);
      } else L[i * n + j] = sum / L[j * n + j];
    }
  }
  let log = 0;
  for (let i = 0; i < n; i++) log += 2 * Math.log(L[i * n + i]);
  return log;
}`,
    args: [[4, 0, 0, 2, 3, 0, 0.5, -0.25, 2]],
  },
  "the likelihood of a logistic regression, which does not overflow": {
    text: `export function main(w: number[], xs: Float64Array, ys: Float64Array): number {
  let sum = 0;
  const d = w.length;
  for (let i = 0; i < ys.length; i++) {
    let z = 0;
    for (let j = 0; j < d; j++) z += w[j] * xs[i * d + j];
    sum += z > 0 ? Math.log1p(Math.exp(-z)) + (1 - ys[i]) * z : Math.log1p(Math.exp(z)) - ys[i] * z;
  }
  return sum;
}`,
    args: [[0.5, -1], new Float64Array([1, 2, -1, 0.5, 0.25, 3]), new Float64Array([1, 0, 1])],
  },
};

type Arrays = readonly (readonly number[])[];

/** The first argument, moved by `h` at `i`. */
function moved([first, ...rest]: readonly unknown[], i: number, h: number): unknown[] {
  return [(first as number[]).map((x, k) => (k === i ? x + h : x)), ...rest];
}

function slope(f: (...args: unknown[]) => number, args: readonly unknown[], i: number): number {
  const h = 1e-5;
  return (f(...moved(args, i, h)) - f(...moved(args, i, -h))) / (2 * h);
}

describe("a program of the field", () => {
  it.each(Object.entries(smooth))("has its value, gradient and Hessian: %s", (_, { text, args }) => {
    for (const backend of ["js", "interpret"] as const)
      expectPlain(outcomeOf(compiled(text, { backend }), [...args]), text, () => [...args]);
    const f = compileSource(text, { hessian: true, wrt: [text.match(/main\((\w+)/)?.[1] as string] });
    const [value, [gradient], [[hessian]]] = f(...args) as [number, Arrays, readonly Arrays[]];
    expect(value).toBe((compiled(text) as (...args: readonly unknown[]) => number)(...args));
    for (const [i, column] of gradient.entries()) {
      expect(column).toBeCloseTo(
        slope((...at) => f(...at)[0], args, i),
        6,
      );
      for (const [k, entry] of (hessian as unknown as Arrays).entries())
        expect(entry[i]).toBeCloseTo(
          slope((...at) => f(...at)[1][0][k], args, i),
          6,
        );
    }
  });
});
