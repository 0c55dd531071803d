// Rules of customJvp have to be linear in the tangents: those that are not are refused, at the line that makes them so.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  abs,
  add,
  argsort,
  cast,
  clip,
  composite,
  concat,
  cond,
  cumsum,
  customJvp,
  det,
  diag,
  div,
  einsum,
  exp,
  f64,
  fori,
  grad,
  greater,
  hvp,
  jacobian,
  jvp,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  prod,
  reshape,
  scan,
  sin,
  softmax,
  sort,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
  topK,
  vmap,
  where,
} from "../src/index.ts";
import { errorOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

type Slope = (x: Tensor, t: Tensor) => Tensor;
/** A rule may give no tangent, too. */
type Given = (x: Tensor, t: Tensor) => Tensor | 0 | null;

const x = tensor([0.5, 1.5, 2.5]);
/** The sum of a function with this rule, so that its gradient is the rule's transpose at ones. */
const withRule = (slope: Given) => (v: Tensor) =>
  sum(
    customJvp(
      (y: Tensor) => exp(y),
      ([y], [t]) => [exp(y as Tensor), slope(y as Tensor, t as Tensor)],
    )(v) as Tensor,
  );
const scaled = composite("scaled", (y: Tensor, t: Tensor) => mul(t, sin(y)));
const squared = composite("squared", (t: Tensor) => mul(t, t));

const linear: Readonly<Record<string, Given>> = {
  "a product": (y, t) => mul(t, exp(y)),
  "a quotient": (y, t) => div(t, add(1, square(y))),
  "a sum": (y, t) => add(mul(t, 2), neg(mul(y, t))),
  "a difference with 0": (_, t) => sub(0, t),
  "a branch that does not ask": (y, t) => where(greater(y, 1), mul(t, y), 0),
  reductions: (y, t) => mul(y, sum(mul(t, y))),
  "a mean": (_, t) => sub(t, mean(t)),
  "a running sum": (_, t) => cumsum(t),
  "a contraction": (y, t) => einsum("i,j,j->i", y, y, t),
  "a matrix product": (y, t) => matmul(mul(reshape(y, [3, 1]), reshape(y, [1, 3])), t),
  parts: (_, t) => concat([t.at([0, 2]), t.at([2, 3])]),
  "softmax's own": (y, t) => {
    const p = softmax(y);
    return mul(p, sub(t, sum(mul(p, t))));
  },
  "a cast": (y, t) => cast(cast(mul(t, y), "f32"), "f64"),
  "a composite": (y, t) => scaled(y, t),
  "a cond": (y, t) =>
    cond(
      greater(sum(y), 1),
      () => mul(t, 3),
      () => t,
    ),
  "a loop": (y, t) => fori(0, 3, (_, c) => add(mul(c, y), t), t),
  "a scan": (y, t) =>
    scan((c: Tensor, [a, b]: readonly Tensor[]) => [add(c, mul(a, b)), mul(a, b)] as const, sum(t), [y, t])[1],
  nothing: (_, t) => mul(t, 0),
  "the order of something else": (y, t) => take(t, argsort(y)),
  "a map": (y, t) => vmap((a: Tensor, b: Tensor) => mul(exp(a), b))(y, t),
  "a map beside a constant": (y, t) => vmap((a: Tensor) => mul(a, sum(t)))(y),
  "a tangent": (y, t) => jvp((a: Tensor) => sin(a))([y], [t])[1],
  "a product with a gradient": (y, t) => mul(grad((a: Tensor) => sum(sin(a)))(y), t),
  "a product with a Jacobian": (y, t) => matmul(jacobian((a: Tensor) => sin(a))(y) as Tensor, t),
  "a product with a Hessian": (y, t) => hvp((a: Tensor) => sum(mul(a, square(a))))(y, t) as Tensor,
  "a scan from 0": (_, t) => scan((c: Tensor, a: Tensor) => [add(c, a), c] as const, f64(0), t)[1],
  "a tensor of zeros": () => tensor([0, 0, 0]),
  "the number 0": () => 0,
  "no tangent": () => null,
};

const bent: Readonly<Record<string, readonly [called: string, Slope]>> = {
  "a square": ["mul", (_, t) => mul(t, t)],
  "a product of two": ["mul", (y, t) => mul(sum(t), mul(t, y))],
  "a size": ["abs", (_, t) => abs(t)],
  "a root": ["sqrt", (_, t) => sqrt(t)],
  "the larger": ["maximum", (y, t) => maximum(t, y)],
  "a limit": ["clip", (_, t) => clip(t, -1, 1)],
  "an offset": ["add", (_, t) => add(t, 1)],
  "an offset that is no number": ["add", (y, t) => add(mul(t, y), y)],
  "a quotient by it": ["div", (y, t) => div(y, t)],
  "a branch that asks": ["where|greater", (y, t) => where(greater(t, 0), t, mul(t, y))],
  "a branch with an offset": ["where", (y, t) => where(greater(y, 1), t, 1)],
  "a product of all": ["prod", (y, t) => mul(y, prod(t))],
  "what stops": ["stopGradient", (_, t) => stopGradient(t)],
  "a contraction with itself": ["dot", (y, t) => mul(y, einsum("i,i->", t, t))],
  "a part that is none": ["concat", (y, t) => concat([t.at([0, 2]), y.at([0, 1])])],
  "a composite": ["mul", (_, t) => squared(t)],
  "a cond that asks": [
    "cond|greater",
    (_, t) =>
      cond(
        greater(sum(t), 0),
        () => t,
        () => neg(t),
      ),
  ],
  "a cond with an offset": [
    "cond|add",
    (y, t) =>
      cond(
        greater(sum(y), 0),
        () => t,
        () => add(t, y),
      ),
  ],
  "a loop": ["mul", (_, t) => fori(0, 2, (_i, c) => mul(c, c), t)],
  "what is rounded": ["cast", (_, t) => cast(cast(t, "i32"), "f64")],
  "its order": ["sort", (_, t) => sort(t)],
  "the order of it": ["sort", (y, t) => take(y, argsort(t))],
  "its largest": ["sort", (y, t) => mul(y, sum(topK(t, 1).values))],
  "a determinant": ["lu", (y, t) => mul(y, det(diag(t)))],
  "a map": ["mul", (_, t) => vmap((a: Tensor) => mul(a, a))(t)],
  "a map of two": ["mul", (_, t) => vmap((a: Tensor) => mul(a, sum(t)))(t)],
  "a gradient at it": ["grad", (_, t) => grad((a: Tensor) => sum(sin(a)))(t)],
  "a product with what a scan carries": [
    "scan|add",
    (_, t) => scan((c: Tensor, a: Tensor) => [add(c, a), mul(c, a)] as const, f64(1), t)[1],
  ],
  "a scan from 1": ["scan|add", (_, t) => scan((c: Tensor, a: Tensor) => [add(c, a), c] as const, f64(1), t)[1]],
};

describe("a rule of customJvp", () => {
  for (const [name, slope] of Object.entries(linear)) {
    it(`may be linear: ${name}`, () => {
      const f = withRule(slope);
      const along = tensor([1, -2, 0.5]);
      const [, forward] = jvp(f)([x], [along]) as readonly [unknown, Tensor | number];
      const gradient = grad(f)(x) as Tensor;
      expect(Number(sum(mul(gradient, along)).item())).toBeCloseTo(Number(add(forward as Tensor, tensor(0)).item()), 6);
    });
  }

  for (const [name, [op, slope]] of Object.entries(bent)) {
    it(`is refused where it is not: ${name}`, () => {
      for (const run of [() => grad(withRule(slope))(x), () => jvp(withRule(slope))([x], [x])]) {
        const error = errorOf(run);
        expect(error.code).toBe("no-derivative");
        expect(error.message).toMatch(
          new RegExp(
            `^test/linearity\\.test\\.ts:\\d+:\\d+ customJvp: the rule is not linear in the tangents, by (${op}): `,
          ),
        );
      }
    });
  }

  it("gives the function's value, and tangents of its tangents", () => {
    const given = (value: Slope, slope: Slope) =>
      customJvp(
        (y: Tensor) => y,
        ([y], [t]) => [value(y as Tensor, t as Tensor), slope(y as Tensor, t as Tensor)],
      );
    const value = errorOf(() =>
      jvp(
        given(
          (y, t) => add(y, t),
          (_, t) => t,
        ),
      )([1], [1]),
    );
    expect(value.message).toMatch("the value that the rule gives depends on the tangents");
    const slope = errorOf(() =>
      grad(
        given(
          (y) => y,
          (y) => exp(y),
        ),
      )(1),
    );
    expect(slope.message).toMatch("a tangent that the rule gives does not depend on the tangents");
    expect(
      grad(
        given(
          (y) => y,
          (y) => mul(y, 0),
        ),
      )(1),
    ).toBe(0);
  });

  it("is never taken where doubling the tangent does not double what it gives", () => {
    const steps = fc.array(fc.record({ kind: fc.nat(7), left: fc.nat(9), right: fc.nat(9) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const slope = slopeOf(list);
        const at = (scale: number): readonly number[] => [
          ...(slope(x, mul(tensor([1, -2, 0.5]), scale)).data() as Float64Array),
        ];
        const [one, two, minus] = [at(1), at(2), at(-1)];
        const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a));
        const isLinear = one.every((v, i) => close(2 * v, two[i]) && close(-v, minus[i]));
        let isTaken = true;
        try {
          jvp(withRule(slope))([x], [x]);
        } catch {
          isTaken = false;
        }
        // what happens to be linear, as the product of two that cancel, may be refused; what is not is never taken
        if (!isLinear) expect(isTaken).toBe(false);
      }),
      runs(60),
    );
  });
});

/** A random expression of x and t. */
function slopeOf(steps: readonly { kind: number; left: number; right: number }[]): Slope {
  return (y, t) => {
    const values: Tensor[] = [t, y, mul(t, 0)];
    for (const { kind, left, right } of steps) {
      const [a, b] = [values[left % values.length], values[right % values.length]];
      const made = [
        mul,
        add,
        sub,
        (p: Tensor) => sum(p),
        (p: Tensor) => neg(p),
        (p: Tensor) => sin(p),
        (p: Tensor, q: Tensor) => where(greater(p, 0), p, q),
        (p: Tensor, q: Tensor) => div(p, add(2, square(q))),
      ];
      values.push(add(made[kind](a, b), mul(t, 0)));
    }
    return values[values.length - 1];
  };
}
