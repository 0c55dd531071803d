// vjp, jvp, jacobian, hessian, customVjp and jit, as users call them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  compile,
  cond,
  cos,
  customVjp,
  exp,
  fori,
  grad,
  greater,
  hessian,
  i32,
  jacobian,
  jit,
  jvp,
  less,
  matmul,
  mul,
  neg,
  reshape,
  sin,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  vjp,
  whileLoop,
} from "../src/index.ts";
import { compileSource } from "../src/source/index.ts";
import { messageOf } from "./support/errors.ts";
import { plain } from "./support/plain.ts";
import { untyped } from "./support/untyped.ts";

const running = `export function running(xs: Float64Array): Float64Array {
  const ys = xs.slice();
  for (let i = 1; i < xs.length; i++) ys[i] = ys[i - 1] * Math.sin(xs[i]);
  return ys;
}
`;

describe("vjp", () => {
  it("gives the value and what flows back to each argument", () => {
    const f = vjp((a: Tensor, b: Tensor) => [mul(a, b), sin(a)]);
    expect(f([15, 20], [1, 0])).toEqual([
      [300, Math.sin(15)],
      [20, 15],
    ]);
    expect(f([15, 20], [0, 1])).toEqual([
      [300, Math.sin(15)],
      [Math.cos(15), 0],
    ]);
  });

  it("keeps structures, and gives 0 for integers", () => {
    const f = vjp((p: { w: Tensor; b: Tensor }, n: Tensor) => ({ y: add(mul(p.w, p.b), mul(p.w, 0)), n }));
    const [value, gradients] = f([{ w: 3, b: 5 }, i32(2)], { y: 2, n: 0 });
    expect(plain([value.y, value.n])).toEqual([15, 2]);
    expect(plain([gradients[0].w, gradients[0].b, gradients[1]])).toEqual([10, 6, 0]);
  });

  it("takes tensors", () => {
    const [value, [dx]] = vjp((x: Tensor) => mul(x, x))([tensor([1, 2, 3])], tensor([1, 10, 100]));
    expect(value.toArray()).toEqual([1, 4, 9]);
    expect(dx.toArray()).toEqual([2, 40, 600]);
  });

  it("says what does not fit", () => {
    const f = (a: Tensor, b: Tensor): Tensor => mul(a, b);
    expect(messageOf(() => vjp(f)(15 as never, 1))).toBe(
      "vjp: the arguments are 15, expected an array: call it like vjp(f)([x, y], …)",
    );
    expect(messageOf(() => vjp(f)([15, 20], [1, 2]))).toBe(
      "the cotangents: got an array of 2, expected one tensor or number",
    );
    expect(messageOf(() => vjp(3 as never))).toBe("vjp: got 3, expected a function");
  });
});

describe("jvp", () => {
  it("gives the value and its slope along tangents", () => {
    const f = jvp((a: Tensor, b: Tensor) => mul(a, b));
    expect(f([15, 20], [1, 0])).toEqual([300, 20]);
    expect(f([15, 20], [1, 1])).toEqual([300, 35]);
  });

  it("goes through branches and loops", () => {
    const power = (x: Tensor): Tensor => fori(0, 5, (_, y) => mul(y, x), tensor(1));
    expect(jvp(power)([2], [1])).toEqual([32, 80]);
    const doubled = (x: Tensor): Tensor =>
      whileLoop(
        (y: Tensor) => less(y, 100),
        (y) => mul(y, 2),
        x,
      );
    expect(jvp(doubled)([3], [1])).toEqual([192, 64]);
    const size = (x: Tensor): Tensor =>
      cond(
        greater(x, 0),
        () => x,
        () => neg(x),
      );
    expect(jvp(size)([-3], [1])).toEqual([3, -1]);
  });

  it("composes with grad either way", () => {
    const f = (x: Tensor): Tensor => mul(sin(x), exp(x));
    const second = 2 * Math.exp(0.5) * Math.cos(0.5);
    expect(jvp(grad(f))([0.5], [1])[1]).toBeCloseTo(second, 12);
    expect(grad((x: Tensor) => jvp(f)([x], [1])[1])(0.5)).toBeCloseTo(second, 12);
  });

  it("says what does not fit", () => {
    const f = jvp((a: Tensor, b: Tensor) => mul(a, b));
    expect(messageOf(() => untyped(f)([15, 20], [1]))).toBe("the tangents: got an array of 1, expected an array of 2");
  });
});

/** The lines of a function's IR, with its sizes left out. */
function shapeless(f: { readonly ir: string }): string {
  return f.ir.replace(/\d+/g, "#");
}

describe("the code of jacobian and hessian", () => {
  const product = (x: Tensor, w: Tensor): Tensor => tanh(matmul(w, x));
  const cases: readonly (readonly [string, (x: Tensor, w: Tensor) => unknown])[] = [
    ["columns of a jacobian", (x) => jacobian((y: Tensor) => mul(sin(y), sum(y)))(x)],
    ["rows of a jacobian", (x, w) => jacobian((y: Tensor) => product(y, w))(x)],
    ["columns of a hessian", (x, w) => hessian((y: Tensor) => sum(product(y, w)))(x)],
    ["rows of a function with a loop", (x) => jacobian(compileSource(running))(x)],
    ["columns of a hessian with a loop", (x) => hessian((y: Tensor) => sum(compileSource(running)(y) as Tensor))(x)],
  ];

  it.each(cases)("does not grow with the number of %s", (_, f) => {
    const [few, many] = [100, 400].map((n) => compile(f, [`f64[${n}]`, `f64[5, ${n}]`]));
    expect(shapeless(many)).toBe(shapeless(few));
    const [small, large] = [few, many].map((g) => (g.source as string).length);
    expect(large).toBeLessThan(1.5 * small);
  });

  it("computes the point once, whatever the number of directions", () => {
    for (const w of ["f64[5, 200]", "f64[200, 5]"]) {
      const [, n] = /(\d+)\]/.exec(w) as RegExpExecArray;
      const { ir } = compile((x: Tensor, m: Tensor) => jacobian((y: Tensor) => product(y, m))(x), [`f64[${n}]`, w]);
      const tangents = [...ir.matchAll(/= tanh .*: (.*)/g)].map(([, type]) => type);
      expect(tangents).toEqual([w === "f64[5, 200]" ? "f64[5]" : "f64[200]"]);
    }
  });
});

describe("jacobian and hessian", () => {
  const matrix = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it("has an axis for each of the result's and of the argument's", () => {
    const product = (w: Tensor, x: Tensor): Tensor => sum(mul(w, x), { axes: [1] });
    const x = tensor([1, 10, 100]);
    const forward = jacobian(product)(matrix, x);
    expect(forward.shape).toEqual([2, 2, 3]);
    expect(forward.at(1).toArray()).toEqual([
      [0, 0, 0],
      [1, 10, 100],
    ]);
    const [dw, dx] = jacobian(product, { wrt: [0, 1] })(matrix, x);
    expect(dw.toArray()).toEqual(forward.toArray());
    expect(dx.toArray()).toEqual(matrix.toArray());
    expect(
      jacobian((p: { w: Tensor; b: Tensor }) => ({ y: sum(mul(p.w, p.b)) }))({ w: x, b: 2 }).y.w.toArray(),
    ).toEqual([2, 2, 2]);
  });

  it("of the gradient is the Hessian", () => {
    const cubes = (x: Tensor): Tensor => sum(mul(mul(x, x), x));
    expect(hessian(cubes)(tensor([1, 2])).toArray()).toEqual([
      [6, 0],
      [0, 12],
    ]);
    const mixed = hessian((x: Tensor, c: Tensor) => mul(c, cubes(x)), { wrt: [0, 1] })(tensor([1, 2]), 5);
    expect(mixed[0][0].toArray()).toEqual([
      [30, 0],
      [0, 60],
    ]);
    expect([mixed[0][1].toArray(), mixed[1][0].toArray(), mixed[1][1].item()].map(String)).toEqual([
      "3,12",
      "3,12",
      "0",
    ]);
  });

  it("takes any size with one compilation", () => {
    const f = jit(jacobian((x: Tensor) => mul(x, x)));
    for (const n of [3, 2, 1, 0, 4]) expect(f(tensor(new Float64Array(n).fill(3))).shape).toEqual([n, n]);
    expect(f.compilations.length).toBeLessThanOrEqual(2);
  });

  it("hold all derivatives of a function of scalars", () => {
    const polar = (r: Tensor, t: Tensor): Tensor[] => [mul(r, cos(t)), mul(r, sin(t))];
    const [r, t] = [2, 0.3];
    expect(jacobian(polar, { wrt: [0, 1] })(r, t)).toEqual([
      [Math.cos(t), r * -Math.sin(t)],
      [Math.sin(t), r * Math.cos(t)],
    ]);
    expect(jacobian(polar, { wrt: 1 })(r, t)).toEqual([r * -Math.sin(t), r * Math.cos(t)]);
    expect(jacobian((x: Tensor, y: Tensor) => mul(x, y), { wrt: [0, 1] })(3, 5)).toEqual([5, 3]);
    expect(hessian((x: Tensor, y: Tensor) => mul(mul(x, x), y), { wrt: [0, 1] })(3, 5)).toEqual([
      [10, 6],
      [6, 0],
    ]);
    expect(hessian((x: Tensor) => mul(x, mul(x, x)))(2)).toBe(12);
  });

  it("are the same in forward and reverse mode, and of tensors too", () => {
    const f = (x: Tensor, y: Tensor, z: Tensor): Tensor => mul(sin(mul(x, y)), exp(z));
    const reverse = jacobian(f, { wrt: [0, 1, 2] });
    const forward = jacobian((x, y, z) => [f(x, y, z), x, y, z], { wrt: [0, 1, 2] });
    fc.assert(
      fc.property(fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -3, max: 3, noNaN: true }))), (at) => {
        const [[x, y, z]] = [at];
        const [row] = forward(x, y, z);
        for (const [i, d] of reverse(x, y, z).entries()) expect(d).toBeCloseTo(row[i], 12);
      }),
    );
    const column = jacobian((x: Tensor) => mul(x, tensor([1, 2, 3])))(5);
    expect(column.toArray()).toEqual([1, 2, 3]);
    expect(jacobian((x: Tensor) => mul(x, x))([1, 2]).toArray()).toEqual([
      [2, 0],
      [0, 4],
    ]);
  });
});

describe("customVjp", () => {
  const bounded = customVjp((x: Tensor) => mul(x, x), {
    forward: (x: Tensor) => [mul(x, x), { x }],
    backward: ({ x }: { x: Tensor }, ct: Tensor) => [
      cond(
        less(mul(mul(x, 2), ct), 1),
        () => mul(mul(x, 2), ct),
        () => tensor(1),
      ),
    ],
  });

  it("has its own gradient, and runs as the function elsewhere", () => {
    expect(bounded(tensor(3)).item()).toBe(9);
    expect(grad((x: Tensor) => bounded(x))(3)).toBe(1);
    expect(grad((x: Tensor) => bounded(x))(0.25)).toBe(0.5);
    expect(grad((x: Tensor) => mul(3, bounded(sub(x, 1))))(1.1)).toBeCloseTo(0.6, 12);
  });

  it("says what does not fit", () => {
    const pass = { forward: (x: Tensor) => [x, []], backward: (_: unknown, ct: Tensor) => [ct] };
    const of =
      (rule: object): (() => unknown) =>
      () =>
        grad(customVjp((x: Tensor) => x, { ...pass, ...rule }))(1);
    expect(of({})()).toBe(1);
    expect(messageOf(() => jvp(customVjp((x: Tensor) => x, pass))([1], [1]))).toBe(
      "customVjp has a rule for reverse mode only, and forward mode was asked for: use grad or vjp, or write customJvp",
    );
    expect(messageOf(of({ forward: (x: Tensor) => x }))).toBe(
      "customVjp: forward gives one tensor, expected [value, residuals]",
    );
    expect(messageOf(of({ backward: (_: unknown, ct: Tensor) => ct }))).toBe(
      "customVjp: what backward returns: got one tensor, expected an array of 1",
    );
    expect(messageOf(of({ backward: 3 }))).toBe(
      "customVjp: backward is 3, expected a function: write () => … around it",
    );
    expect(messageOf(() => grad((x: Tensor) => customVjp((y: Tensor) => mul(x, y), pass)(x))(1))).toBe(
      "customVjp reads a value from outside that is differentiated: pass it as an argument, so that the rule can speak of it",
    );
  });
});

describe("jit", () => {
  it("compiles once for dtypes and ranks, and once more when a size changes", () => {
    let traces = 0;
    const f = jit(function total(x: Tensor, y: Tensor): Tensor {
      traces++;
      return sum(mul(x, y));
    });
    expect(f([1, 2], [3, 4]).item()).toBe(11);
    expect(f([5, 6], [3, 4]).item()).toBe(39);
    expect(traces).toBe(1);
    expect(f([1, 2, 3], [1, 1, 1]).item()).toBe(6);
    expect(f([1, 2, 3, 4], [1, 1, 1, 1]).item()).toBe(10);
    expect(f([], []).item()).toBe(0);
    expect(traces).toBe(2);
    expect(f.compilations.map((c) => [c.types, c.call, c.reason])).toEqual([
      [["f64[2]", "f64[2]"], 1, "the first call"],
      [["f64[N]", "f64[M]"], 3, "axis 0 of argument 0 and axis 0 of argument 1 changed"],
    ]);
    expect(f.explain()).toMatch(
      /^total\(f64\[2\], f64\[2\]\) at call 1, [\d.]+ ms, backend js: the first call\ntotal\(f64\[N\], f64\[M\]\) at call 3/,
    );
    expect(f.ir).toContain("where N == M");
  });

  it("calls a function without a name by its place", () => {
    const f = jit((x: Tensor) => sum(x));
    f([1, 2]);
    expect(f.explain()).toMatch(/^the function at test\/transforms\.test\.ts:\d+:15\(f64\[2\]\) at call 1/);
  });

  it("keeps sizes that the function needs to know", () => {
    const f = jit((x: Tensor) => sum(reshape(x, [2, 2])));
    expect(f([1, 2, 3, 4]).item()).toBe(10);
    expect(messageOf(() => f([1, 2, 3]))).toContain("[2, 2] has 4 elements, expected the 3 of [3]");
    expect(f([1, 1, 1, 1]).item()).toBe(4);
    expect(f.compilations.map((c) => c.types)).toEqual([["f64[4]"], ["f64[N]"]]);
    const g = jit((x: Tensor, y: Tensor) => sum(add(x, y)));
    expect(plain([g([1], [1]), g([1, 2], [1]), g([1, 2, 3], [1]), g([1, 2], [3, 4])])).toEqual([2, 5, 9, 10]);
  });

  it("compiles anew for other dtypes, structures and static leaves", () => {
    const f = jit((x: { mode: string; by: Tensor }) => (x.mode === "twice" ? mul(x.by, 2) : neg(x.by)));
    expect([f({ mode: "twice", by: 3 }), f({ mode: "neg", by: 3 }), f({ mode: "twice", by: 4 })]).toEqual([6, -3, 8]);
    expect(f({ mode: "twice", by: i32(4) }).item?.() ?? f({ mode: "twice", by: i32(4) })).toBe(8);
    expect(f.compilations.map((c) => c.reason)).toEqual([
      "the first call",
      ...Array(2).fill("new dtypes, ranks or structure"),
    ]);
  });

  it("keeps a bounded number of compilations", () => {
    const f = jit((x: Tensor, name: string) => mul(x, name.length));
    for (let i = 0; i < 200; i++) expect(f(2, "x".repeat(i))).toBe(2 * i);
    expect(f(2, "x".repeat(199))).toBe(398);
    expect(f.compilations.length).toBe(200);
    expect(f(2, "")).toBe(0);
    expect(f.compilations.length).toBe(201);
  });

  it("says what is wrong with its options", () => {
    expect(messageOf(() => jit((x: Tensor) => x, { backnd: "js" } as never))).toContain("unknown option 'backnd'");
    expect(messageOf(() => jit((x: Tensor) => x).ir)).toContain(
      "has not been compiled yet: call it, or give compile the types",
    );
  });
});
