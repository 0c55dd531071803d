// Derivatives of high order: how many operations they take, that they are Taylor's coefficients, and the warning.

import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { add, compile, exp, grad, mul, sin, type Tensor, tanh } from "../src/index.ts";

const fuzz = Number(process.env.ADJOINT_FUZZ ?? 1);

type Curve = (x: Tensor) => Tensor;

function derivative(f: Curve, order: number): Curve {
  return order === 0 ? f : derivative(grad(f) as Curve, order - 1);
}

it.each<[string, Curve]>([
  ["sin(x²)", (x) => sin(mul(x, x))],
  ["exp(sin x)", (x) => exp(sin(x))],
  ["x · tanh x", (x) => mul(tanh(x), x)],
  ["sin x · exp x", (x) => mul(sin(x), exp(x))],
])("the fourth derivative of %s takes at most 60 lines", (_, f) => {
  for (let order = 1; order <= 4; order++) {
    const { ir } = compile(derivative(f, order), ["f64"]);
    expect(ir.split("\n").length, ir).toBeLessThanOrEqual(60);
  }
});

// ---- Taylor's coefficients ------------------------------------------------------------------------------------------

/** A function of x, as its first coefficients around a point. */
type Series = readonly number[];

const most = 4;
const series = (make: (k: number) => number): Series => Array.from({ length: most + 1 }, (_, k) => make(k));
const product = (a: Series, b: Series): Series =>
  series((k) => a.slice(0, k + 1).reduce((total, e, j) => total + e * b[k - j], 0));

/** From y′ = a′ · z(y): the recurrences of A. Griewank and A. Walther, "Evaluating Derivatives", 2008, chapter 13. */
function solved(a: Series, starts: readonly number[], rates: (of: readonly number[][], j: number) => number[]): Series {
  const of = starts.map((start) => [start]);
  for (let k = 1; k <= most; k++) {
    const next = starts.map(() => 0);
    for (let j = 1; j <= k; j++) for (const [i, rate] of rates(of, k - j).entries()) next[i] += (j * a[j] * rate) / k;
    for (const [i, e] of next.entries()) of[i].push(e);
  }
  return of[0];
}

interface Term {
  readonly kind: number;
  readonly left: number;
  readonly right: number;
}

/** The same term of tensors and of series. */
const kinds: readonly [(a: Tensor, b: Tensor) => Tensor, (a: Series, b: Series) => Series][] = [
  [(a, b) => add(a, b), (a, b) => series((k) => a[k] + b[k])],
  [(a, b) => mul(a, b), product],
  [sin, (a) => solved(a, [Math.sin(a[0]), Math.cos(a[0])], ([s, c], j) => [c[j], -s[j]])],
  [
    (a) => exp(sin(a)),
    (a) =>
      solved(
        solved(a, [Math.sin(a[0]), Math.cos(a[0])], ([s, c], j) => [c[j], -s[j]]),
        [Math.exp(Math.sin(a[0]))],
        ([e], j) => [e[j]],
      ),
  ],
  [(a) => mul(0.5, a), (a) => a.map((e) => 0.5 * e)],
];

const terms: fc.Arbitrary<readonly Term[]> = fc.array(
  fc.record({ kind: fc.nat(99), left: fc.nat(99), right: fc.nat(99) }),
  { minLength: 1, maxLength: 6 },
);

function evaluate<T>(all: readonly Term[], x: T, apply: (kind: number, a: T, b: T) => T): T {
  const pool = [x];
  for (const { kind, left, right } of all) {
    pool.push(apply(kind % kinds.length, pool[left % pool.length], pool[right % pool.length]));
  }
  return pool[pool.length - 1];
}

it("derivatives of the orders 1 to 4 of random functions are Taylor's coefficients", () => {
  const at = 0.4;
  const check = (all: readonly Term[]): void => {
    const f: Curve = (x) => evaluate(all, x, (kind, a, b) => kinds[kind][0](a, b));
    const expected = evaluate(
      all,
      series((k) => [at, 1][k] ?? 0),
      (kind, a, b) => kinds[kind][1](a, b),
    );
    for (let order = 1, factorial = 1; order <= most; order++) {
      factorial *= order;
      const got = compile(derivative(f, order), ["f64"])(at) as number;
      const scale = Math.max(1, Math.abs(expected[order] * factorial));
      expect(Math.abs(got - expected[order] * factorial) / scale, `order ${order}`).toBeLessThan(1e-10);
    }
  };
  fc.assert(fc.property(terms, check), { numRuns: 15 * fuzz });
});

it("an order above 6 is warned of, once, with the number of operations", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    expect(compile(derivative(sin as Curve, 6), ["f64"]).log.warnings).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
    const { log } = compile(derivative(sin as Curve, 7), ["f64"]);
    expect(log.warnings).toEqual([
      expect.stringMatching(/^a derivative of order 7 took [\d,]+ operations, and each further/),
    ]);
    expect(log.text()).toContain("warning: a derivative of order 7");
    expect(warn).toHaveBeenCalledTimes(1);
  } finally {
    warn.mockRestore();
  }
});
