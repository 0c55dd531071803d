// Weak numbers: numbers that are traced take the dtype of the tensor that they meet, as literals do.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  at,
  clip,
  composite,
  cond,
  div,
  exp,
  fori,
  grad,
  greater,
  i32,
  jit,
  less,
  maximum,
  mul,
  neg,
  type Operand,
  scan,
  stack,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
  valueAndGrad,
  vmap,
  where,
  whileLoop,
} from "../src/index.ts";
import type { DType } from "../src/ir/index.ts";

const f32s = (...xs: number[]): Tensor => tensor(new Float32Array(xs));
const weights = f32s(1, 2, 3);
/** Numbers or tensors, as text: elements of rank 0 without their dtype. */
const shown = (x: unknown): string =>
  String(Array.isArray(x) ? x.map(shown) : x).replace(/Tensor\(\w+, ([^)[]+)\)/g, "$1");

describe("a number meets a tensor", () => {
  test("takes its dtype, by one cast", () => {
    const step = jit((w: Tensor, rate: number) => sub(w, mul(w, rate)));
    expect(shown(step(weights, 0.5))).toBe("Tensor(f32[3], [0.5, 1, 1.5])");
    expect(step.ir.match(/= cast /g)?.length).toBe(1);
    expect(step.ir).toContain("%cast = cast %rate : f32");
  });

  test("a tensor of rank 0 has a dtype of its own", () => {
    const step = jit((w: Tensor, rate: Tensor) => mul(w, rate));
    step(weights, 0.5);
    expect(() => step(weights, tensor(0.5))).toThrow("operand 1 has dtype f64, expected f32");
    expect(step.compilations.length).toBe(1);
  });

  test("annotations are never weak, and returned alone it is f64", () => {
    expect(jit((x: Tensor) => [x, x.dtype])(1.5)).toEqual([1.5, "f64"]);
    expect(jit((x: Tensor, w: Tensor) => [mul(x, 2).dtype, mul(mul(x, 2), w)])(1, weights)).toMatchObject([
      "f64",
      { dtype: "f32" },
    ]);
  });

  test("for integers it is checked when it runs", () => {
    const scaled = jit((x: Tensor, n: number) => mul(x, n));
    const x = i32([1, 2]);
    expect(shown(scaled(x, 3))).toBe("Tensor(i32[2], [3, 6])");
    const message =
      /weak\.test\.ts:\d+:\d+ check failed: the number 'n' meets a tensor of i32: expected an integer from/;
    for (const wrong of [3.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1]) expect(() => scaled(x, wrong)).toThrow(message);
    expect(() => jit((x: Tensor, n: number) => mul(x, n))(tensor([true]), 1)).toThrow("operand 0 has dtype bool");
  });

  test("as an index, a count, an element to write or to stand beside others", () => {
    const of = (f: (w: Tensor, n: Tensor) => unknown, n: number): string => shown(jit(f)(weights, n));
    expect(of((w, i) => mul(w.at(i), 1), 1)).toBe("2");
    expect(of((w, i) => take(w, i), 2)).toBe("3");
    expect(of((w, i) => at(stack([w, w]), i, [0, 1]), 1)).toBe("Tensor(f32[1], [1])");
    expect(of((w, n) => fori(0, n, (_, c) => mul(c, 2), w), 3)).toBe("Tensor(f32[3], [8, 16, 24])");
    expect(of((w, y) => w.set([0], y), 7)).toBe("Tensor(f32[3], [7, 2, 3])");
    expect(of((w, y) => stack([y, w.at(0)]), 7)).toBe("Tensor(f32[2], [7, 1])");
    expect(of((w, y) => where(less(w, y), 0, y), 2.5)).toBe("Tensor(f64[3], [0, 0, 2.5])");
    expect(of((w, y) => clip(w, y, 2.5), 1.5)).toBe("Tensor(f32[3], [1.5, 2, 2.5])");
  });

  test("inside of transforms, composites and declared derivatives", () => {
    const loss = (w: Tensor, rate: number): Tensor => sum(mul(w, rate));
    expect(shown(grad(loss)(weights, 0.5))).toBe("Tensor(f32[3], [0.5, 0.5, 0.5])");
    const [, both] = valueAndGrad(loss, { wrt: [0, 1] })(weights, 0.5) as [unknown, Tensor[]];
    expect(both.map((g) => g.dtype)).toEqual(["f32", "f64"]);
    expect(shown(vmap((x: Tensor, s: number) => mul(x, s), { inAxes: [0, null] })(weights, 2))).toBe(
      "Tensor(f32[3], [2, 4, 6])",
    );
    const scaled = composite("scaled", (x: Operand, y: Operand) => mul(x, exp(y)));
    expect(shown(jit((w: Tensor, y: number) => add(scaled(y, 0), scaled(w, y)))(weights, 0))).toBe(
      "Tensor(f32[3], [1, 2, 3])",
    );
    const nested = jit((w: Tensor, r: number) => sub(w, mul(grad(loss)(w, r), r)));
    expect(shown(nested(weights, 0.5))).toBe("Tensor(f32[3], [0.75, 1.75, 2.75])");
  });
});

describe("a number is carried", () => {
  test("the body says its dtype", () => {
    const total = jit((w: Tensor, s: number) =>
      mul(
        w,
        whileLoop(
          (c) => less(c as never, 10),
          (c) => add(c, sum(w)) as never,
          s,
        ),
      ),
    );
    expect(shown(total(weights, 0.5))).toBe("Tensor(f32[3], [12.5, 25, 37.5])");
    expect(total.ir).toContain("while");
    expect(shown(jit((n: number) => fori(0, 4, (i, c) => add(c, i) as never, n))(3))).toBe("9");
    expect(shown(jit((x: Tensor, c: number) => scan((s, y) => [mul(s, y), s] as never, c, x))(weights, 0.5))).toBe(
      "3,Tensor(f32[3], [0.5, 0.5, 1])",
    );
    // a literal is one too
    expect(shown(fori(0, 4, (i, c) => add(c, i), 3))).toBe("9");
  });

  test("where the body keeps it weak, it meets tensors behind the loop", () => {
    const f = jit((w: Tensor, c: number) =>
      mul(
        w,
        fori(0, 3, (_, s) => mul(s, 2) as never, c),
      ),
    );
    expect(shown(f(weights, 1))).toBe("Tensor(f32[3], [8, 16, 24])");
    expect(f.ir).toContain("f64");
  });

  test("branches meet", () => {
    const either = jit((w: Tensor, c: number) =>
      cond(
        less(c as never, 1),
        () => c as never,
        () => sum(w),
      ),
    );
    expect([either(weights, 0.5), either(weights, 5)].map(shown)).toEqual(["0.5", "6"]);
    const other = jit((w: Tensor, c: number) =>
      cond(
        less(c as never, 1),
        () => sum(w),
        () => c as never,
      ),
    );
    expect([other(weights, 0.5), other(weights, 5)].map(shown)).toEqual(["6", "5"]);
  });

  test("an integer beside it is no guess", () => {
    const f = jit((k: Tensor, c: number) =>
      fori(0, 2, (_, [i, s]: readonly Tensor[]) => [add(i, 1), mul(s, 0.5)] as never, [k, c] as never),
    );
    expect(shown(f(i32(1), 1))).toBe("3,0.25");
  });
});

// a traced number does what the literal does
const binaries = [add, sub, mul, div, maximum, (x: Operand, y: Operand) => where(greater(x, y), x, neg(y))];
const expression = fc.letrec<{ e: (x: Operand, n: Operand) => Operand }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant((_: Operand, n: Operand) => n),
    fc.constant((x: Operand) => x),
    fc.tuple(fc.constantFrom(...binaries), tie("e"), tie("e")).map(
      ([f, a, b]) =>
        (x: Operand, n: Operand) =>
          f(a(x, n), b(x, n)),
    ),
  ),
})).e;

test("a traced number gives the dtype that the literal gives, and its elements where both are exact", () => {
  const dtypes: readonly DType[] = ["f64", "f32"];
  fc.assert(
    fc.property(expression, fc.constantFrom(...dtypes), fc.integer({ min: -8, max: 8 }), (e, dtype, n) => {
      const x = tensor([1, -2, 4], { dtype });
      const literal = jit((v: Tensor) => add(v, e(v, n)))(x) as Tensor;
      const traced = jit((v: Tensor, k: Operand) => add(v, e(v, k)))(x, n) as Tensor;
      expect([traced.dtype, traced.shape]).toEqual([literal.dtype, literal.shape]);
      // what literals compute among themselves is of f64, too
      const [a, b] = [traced, literal].map((t) => Array.from(t.data()));
      for (const [i, y] of a.entries())
        expect(Object.is(y, b[i]) || Math.abs(y - b[i]) <= 1e-5 * Math.abs(b[i])).toBe(true);
    }),
    { numRuns: 60 },
  );
});
