// Derivatives of high order: how many operations they take, that they are Taylor's coefficients, and the warning.

import fc from "fast-check";
import { expect, it, vi } from "vitest";
import {
  acos,
  acosh,
  add,
  asinh,
  atan,
  atan2,
  checkpoint,
  compile,
  compileExpression,
  composite,
  cond,
  cos,
  customVjp,
  div,
  erf,
  exp,
  expm1,
  fori,
  gelu,
  grad,
  greater,
  hypot,
  jvp,
  log,
  log1p,
  logaddexp,
  logSigmoid,
  mish,
  mul,
  neg,
  type Operand,
  pow,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  sum,
  type Tensor,
  tan,
  tanh,
  tensor,
  valueAndGrad,
  where,
} from "../src/index.ts";
import { compileSource } from "../src/source/index.ts";

const fuzz = Number(process.env.ADJOINT_FUZZ ?? 1);

type Curve = (x: Tensor) => Tensor;

function derivative(f: Curve, order: number): Curve {
  return order === 0 ? f : derivative(grad(f) as Curve, order - 1);
}

const cubic: Curve = (x) => add(add(mul(x, mul(x, x)), mul(2, x)), 1);

it.each<[string, Curve]>([
  ["sin(x²)", (x) => sin(mul(x, x))],
  ["exp(sin x)", (x) => exp(sin(x))],
  ["x · tanh x", (x) => mul(tanh(x), x)],
  ["sin x · exp x", (x) => mul(sin(x), exp(x))],
  ["1 / (1 + x²)", (x) => div(1, add(1, mul(x, x)))],
  ["√(1 + x²)", (x) => sqrt(add(1, mul(x, x)))],
  ["log(1 + x²)", (x) => log(add(1, mul(x, x)))],
  ["tan x", tan],
  ["atan x", atan],
  ["erf x", erf],
  ["exp(-x²) · cos x", (x) => mul(exp(neg(mul(x, x))), cos(x))],
  ["x / (1 + exp(-x))", (x) => div(x, add(1, exp(neg(x))))],
  ["exp(x · log x)", (x) => exp(mul(x, log(x)))],
  ["tanh tanh x", (x) => tanh(tanh(x))],
  ["sin sin sin x", (x) => sin(sin(sin(x)))],
  ["exp exp x", (x) => exp(exp(x))],
  ["log log x", (x) => log(log(x))],
  ["log(1 + exp x)", (x) => log(add(1, exp(x)))],
  ["1 / (1 + exp(-x))", (x) => div(1, add(1, exp(neg(x))))],
  ["sigmoid x", sigmoid],
  ["silu x", silu],
  ["gelu x", gelu],
  ["gelu x by tanh", (x) => gelu(x, { approximate: "tanh" })],
  ["x · exp(-x²)", (x) => mul(x, exp(neg(mul(x, x))))],
  ["√sin x", (x) => sqrt(sin(x))],
  ["sin x · exp x / (1 + x²)", (x) => div(mul(sin(x), exp(x)), add(1, mul(x, x)))],
  ["x² · sin(1 / x)", (x) => mul(mul(x, x), sin(div(1, x)))],
  ["a polynomial by Horner's rule", (x) => [3, -1, 4, -1, 5].reduce((a: Operand, c) => add(mul(a, x), c), 0) as Tensor],
  ["x / √(1 + x²)", (x) => div(x, sqrt(add(1, mul(x, x))))],
  ["log cos x", (x) => log(cos(x))],
  ["atan x²", (x) => atan(mul(x, x))],
  ["xˣ", (x) => pow(x, x)],
  ["x³", (x) => pow(x, 3)],
  ["x^2.5", (x) => pow(x, 2.5)],
  ["2ˣ", (x) => pow(2, x)],
  ["(1 + x²)^1.5", (x) => pow(add(1, mul(x, x)), 1.5)],
  ["(x³ + 2 x + 1) / (x² + 3 x + 5)", (x) => div(cubic(x), add(add(mul(x, x), mul(3, x)), 5))],
  ["softplus x", softplus],
  ["mish x", mish],
  ["softplus sin x", (x) => softplus(sin(x))],
  ["softplus x²", (x) => softplus(mul(x, x))],
  ["log(1 / (1 + exp(-x))) in both tails", logSigmoid],
  ["log(exp x + exp(-x))", (x) => logaddexp(x, neg(x))],
  ["atan2(x, 1 + x²)", (x) => atan2(x, add(1, mul(x, x)))],
  ["atan2(exp x, x)", (x) => atan2(exp(x), x)],
  ["atan2(sin x, cos x)", (x) => atan2(sin(x), cos(x))],
  ["atan2(1, x)", (x) => atan2(1, x)],
  ["hypot(x, sin x)", (x) => hypot(x, sin(x))],
  ["hypot(x, 1 + x²)", (x) => hypot(x, add(1, mul(x, x)))],
  ["hypot(1, x)", (x) => hypot(1, x)],
  ["asinh x", asinh],
  ["acosh(2 + x²)", (x) => acosh(add(2, mul(x, x)))],
  ["acos(sin x / 2)", (x) => acos(div(sin(x), 2))],
  ["silu sin x", (x) => silu(sin(x))],
  ["sin cos x²", (x) => sin(cos(mul(x, x)))],
  ["log(x) / (1 + x²)", (x) => div(log(x), add(1, mul(x, x)))],
  ["expm1(x) / x", (x) => div(expm1(x), x)],
  ["log1p sin x", (x) => log1p(sin(x))],
  ["a network of one layer", (x) => mul(0.3, tanh(add(0.1, mul(0.7, x))))],
])("the fourth derivative of %s takes at most 60 lines", (_, f) => {
  for (let order = 1; order <= 4; order++) {
    const { ir } = compile(derivative(f, order), ["f64"]);
    expect(ir.split("\n").length, ir).toBeLessThanOrEqual(60);
  }
});

it.each(["x^x", "exp(sin(x))", "tanh(tanh(x))", "log(1 + exp(x))", "x * exp(-x^2)", "sqrt(1 + x^2)", "1 / (1 + x^2)"])(
  "the fourth derivative of the expression %s takes at most 60 lines, and so does that of source",
  (text) => {
    const source = text
      .replaceAll("^", "**")
      .replace("-x**2", "-(x**2)")
      .replaceAll(/[a-z]{3,}/g, "Math.$&");
    const read = [compileExpression(text, ["x"]), compileSource(`export const f = (x: number) => ${source};`)];
    const found = read.map((f) => compile(derivative(f as unknown as Curve, 4), ["f64"]));
    for (const { ir } of found) expect(ir.split("\n").length, ir).toBeLessThanOrEqual(60);
    expect(found[0](0.7)).toBeCloseTo(found[1](0.7) as number, 9);
  },
);

it.each<[string, Curve, number]>([
  ["1 / (1 + x²)", (x) => div(1, add(1, mul(x, x))), 5],
  ["√(1 + x²)", (x) => sqrt(add(1, mul(x, x))), 8],
  ["sin x · exp x / (1 + x²)", (x) => div(mul(sin(x), exp(x)), add(1, mul(x, x))), 9],
  ["tanh tanh x", (x) => tanh(tanh(x)), 29],
])("each further derivative of %s takes as many lines as one more convolution", (_, f, most) => {
  const lines = [4, 5, 6].map((order) => compile(derivative(f, order), ["f64"]).ir.split("\n").length);
  for (const i of [1, 2]) expect(lines[i] - lines[i - 1], lines.join()).toBeLessThanOrEqual(most);
});

it("the value beside a derivative of high order keeps every bit, and derivatives are those of nested jvps", () => {
  const tangent = (f: Curve, order: number): Curve =>
    order === 0 ? f : (x) => (jvp(tangent(f, order - 1))([x], [1]) as [Tensor, Tensor])[1];
  const check = (all: readonly Term[]): void => {
    const f: Curve = (x) => evaluate(all, x, (kind, a, b) => kinds[kind][0](a, b));
    const nested: Curve = (t) => add(f(t), mul(0, grad(f)(t) as Tensor));
    const value = compile((x: Tensor) => (valueAndGrad(nested)(x) as [Tensor, Tensor])[0], ["f64"])(0.4) as number;
    expect(value).toBe(compile(f, ["f64"])(0.4));
    for (let order = 2; order <= 5; order++) {
      const [a, b] = [derivative(f, order), tangent(f, order)].map((g) => compile(g, ["f64"])(0.4) as number);
      expect(Math.abs(a - b) / Math.max(1, Math.abs(b)), `order ${order}`).toBeLessThan(1e-9);
    }
  };
  fc.assert(fc.property(terms, check), { numRuns: 8 * fuzz });
});

// ---- Taylor's coefficients ------------------------------------------------------------------------------------------

/** A function of x, as its first coefficients around a point. */
type Series = readonly number[];

const most = 4;
const series = (make: (k: number) => number): Series => Array.from({ length: most + 1 }, (_, k) => make(k));
const product = (a: Series, b: Series): Series =>
  series((k) => a.slice(0, k + 1).reduce((total, e, j) => total + e * b[k - j], 0));

/** From w · b = a. */
function quotient(a: Series, b: Series): Series {
  const w: number[] = [];
  for (let k = 0; k <= most; k++) w.push((a[k] - w.reduce((total, e, j) => total + e * b[k - j], 0)) / b[0]);
  return w;
}

/** From r · r = a. */
function root(a: Series): Series {
  const r = [Math.sqrt(a[0])];
  for (let k = 1; k <= most; k++) {
    const inner = r.slice(1).reduce((total, e, j) => total + e * r[k - 1 - j], 0);
    r.push((a[k] - inner) / (2 * r[0]));
  }
  return r;
}

const onePlus = (a: Series): Series => a.map((e, k) => (k === 0 ? 1 + e : e));
const sine = (a: Series): Series => solved(a, [Math.sin(a[0]), Math.cos(a[0])], ([s, c], j) => [c[j], -s[j]]);

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
  [sin, sine],
  [(a) => exp(sin(a)), (a) => solved(sine(a), [Math.exp(Math.sin(a[0]))], ([e], j) => [e[j]])],
  [(a, b) => div(a, add(1, mul(b, b))), (a, b) => quotient(a, onePlus(product(b, b)))],
  [(a) => sqrt(add(1, mul(a, a))), (a) => root(onePlus(product(a, a)))],
  [(a, b) => checkpoint((u: Tensor) => mul(sin(u), b))(a), (a, b) => product(sine(a), b)],
  [(a, b) => composite("by", (u: Tensor, v: Tensor) => mul(u, sin(v)))(a, b), (a, b) => product(a, sine(b))],
  [(a) => fori(0, 2, (_, u: Tensor) => sin(u), a), (a) => sine(sine(a))],
  [
    (a, b) =>
      cond(
        greater(a, b),
        () => sin(a),
        () => mul(a, b),
      ),
    (a, b) => (a[0] > b[0] ? sine(a) : product(a, b)),
  ],
  [(a, b) => where(greater(a, b), div(a, b), sin(b)), (a, b) => (a[0] > b[0] ? quotient(a, b) : sine(b))],
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

it("what has a rule for reverse mode only is differentiated to any order", () => {
  const cube = customVjp((a: Tensor) => mul(a, mul(a, a)), {
    forward: (a: Tensor) => [mul(a, mul(a, a)), [a]],
    backward: ([a]: Tensor[], ct: Tensor) => [mul(ct, mul(3, mul(a, a)))],
  });
  const f: Curve = (x) => sin(cube(x) as Tensor);
  const plain: Curve = (x) => sin(mul(x, mul(x, x)));
  for (let order = 1; order <= most; order++) {
    const [got, expected] = [f, plain].map((g) => compile(derivative(g, order), ["f64"])(0.4) as number);
    expect(Math.abs(got - expected), `order ${order}`).toBeLessThan(1e-10 * Math.max(1, Math.abs(expected)));
  }
});

it("angles, lengths and sums of exponentials are the same by their definitions, to order 4", () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  const check = (at: number, a: number, b: number): void => {
    const [u, v]: Curve[] = [(x) => add(mul(x, a), sin(x)), (x) => add(mul(b, mul(x, x)), 1)];
    const square: Curve = (x) => mul(x, x);
    fc.pre(Math.hypot(a * at + Math.sin(at), b * at * at + 1) > 0.1 && Math.abs(b * at * at + 1) > 0.05);
    const pairs: [Curve, Curve][] = [
      [(x) => atan2(u(x), v(x)), (x) => atan(div(u(x), v(x)))],
      [(x) => hypot(u(x), v(x)), (x) => sqrt(add(square(u(x)), square(v(x))))],
      [(x) => logaddexp(u(x), v(x)), (x) => log(add(exp(u(x)), exp(v(x))))],
    ];
    for (const [got, written] of pairs) {
      for (let order = 1; order <= most; order++) {
        const [g, e] = [got, written].map((f) => compile(derivative(f, order), ["f64"])(at) as number);
        // cancellation in either of the two costs as many digits as the terms exceed the sum
        expect(Math.abs(g - e) / Math.max(1, Math.abs(e)), `order ${order}`).toBeLessThan(1e-6);
      }
    }
  };
  fc.assert(fc.property(number, number, number, check), { numRuns: 8 * fuzz });
});

it("angles and lengths have their derivatives where squares overflow or vanish, and 0 at the origin", () => {
  const exponents = fc.integer({ min: -250, max: 250 });
  const check = (power: number): void => {
    const scale = 10 ** power;
    const [u, v]: Curve[] = [sin as Curve, (x) => add(2, mul(x, x))];
    for (let order = 1; order <= most; order++) {
      const at = (f: Curve): number => compile(derivative(f, order), ["f64"])(0.7) as number;
      const [large, small] = [scale, 1].map((s): [number, number] => {
        const [y, x]: Curve[] = [u, v].map((f) => (t) => mul(s, f(t)));
        return [at((t) => atan2(y(t), x(t))), at((t) => hypot(y(t), x(t))) / s];
      });
      for (const i of [0, 1]) expect(Math.abs(large[i] / small[i] - 1), `order ${order}`).toBeLessThan(1e-9);
      for (const f of [(x: Tensor) => atan2(x, mul(2, x)), (x: Tensor) => hypot(x, mul(2, x))]) {
        expect((compile(derivative(f as Curve, order), ["f64"])(0) as number) + 0).toBe(0);
      }
    }
  };
  fc.assert(fc.property(exponents, check), { numRuns: 6 * fuzz });
});

it("mish has its derivatives to order 4 in both tails", () => {
  const written: Curve = (x) => mul(x, tanh(softplus(x)));
  for (let order = 1; order <= most; order++) {
    const [got, expected] = [mish, written].map((f) => compile(derivative(f as Curve, order), ["f64"]));
    for (const x of [-700, -30, -3, -0.5, 0, 0.7, 4, 20, 39, 40, 41, 800, Infinity]) {
      const e = x > 40 ? Number(order === 1) : (expected(x) as number);
      expect(Math.abs((got(x) as number) - e) / Math.max(x > 0 ? 1 : 1e-300, Math.abs(e)), `${x}`).toBeLessThan(1e-11);
    }
  }
});

it("a sum of exponentials has derivatives to order 4 in both tails and at infinities", () => {
  for (let order = 1; order <= most; order++) {
    const f = compile(derivative(softplus as Curve, order), ["f64"]);
    for (const x of [-Infinity, -800, 800, Infinity]) expect((f(x) as number) + 0).toBe(order === 1 && x > 0 ? 1 : 0);
    const doubled = compile(
      derivative((x) => logaddexp(x, x), order),
      ["f64"],
    );
    for (const x of [-Infinity, -1, 0, 2, Infinity]) expect((doubled(x) as number) + 0).toBe(Number(order === 1));
  }
});

it.each<[string, Curve]>([
  ["a root", sqrt as Curve],
  ["a quotient", (x) => div(1, x)],
  ["a logarithm of a quotient", (x) => log(div(1, mul(x, x)))],
])("%s that is not taken has derivatives of 0 to order 4", (_, f) => {
  for (let order = 1; order <= most; order++) {
    const untaken = derivative((x) => where(greater(x, 0), f(x), 0), order);
    for (const backend of ["js", "interpret"] as const) {
      expect(compile(untaken, ["f64"], { backend })(0), `order ${order}, ${backend}`).toBe(0);
    }
  }
});

it("powers with a base of 0 and an exponent that varies have the derivatives of the monomial up to its order", () => {
  for (let power = 1, factorial = 1; power <= most; power++) {
    factorial *= power;
    for (let order = 1; order <= power; order++) {
      const f = derivative((x) => pow(x, add(x, power)), order);
      for (const backend of ["js", "interpret"] as const) {
        const got = compile(f, ["f64"], { backend })(0) as number;
        expect(got + 0, `x^(x + ${power}), order ${order}, ${backend}`).toBe(order === power ? factorial : 0);
      }
    }
  }
});

it("powers of numbers that vary are Taylor's coefficients, forward, in reverse, and reverse over reverse", () => {
  const at = fc.double({ min: 0.2, max: 3, noNaN: true });
  const check = (x: number, a: number, b: number): void => {
    const power: Curve = (t) => pow(add(t, a), mul(b, t));
    const written: Curve = (t) => exp(mul(mul(b, t), log(add(t, a))));
    for (let order = 1; order <= most; order++) {
      const [got, expected] = [power, written].map((g) => compile(derivative(g, order), ["f64"])(x) as number);
      expect(Math.abs(got - expected) / Math.max(1, Math.abs(expected)), `order ${order}`).toBeLessThan(1e-9);
    }
    const total =
      (g: Curve): Curve =>
      (v) =>
        sum(grad((w: Tensor) => sum(g(w)))(v) as Tensor);
    const [got, expected] = [power, written].map((g) => {
      const second = compile(grad(total(g) as Curve), ["f64[1]"])(tensor([x])) as Tensor;
      return Number(second.item());
    });
    expect(Math.abs(got - expected) / Math.max(1, Math.abs(expected)), "reverse").toBeLessThan(1e-9);
  };
  fc.assert(fc.property(at, at, at, check), { numRuns: 5 * fuzz });
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
