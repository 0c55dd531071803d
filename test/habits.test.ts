// What users of JAX, PyTorch and mathjs write without thinking, and get.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  compile,
  compileExpression,
  div,
  f64,
  grad,
  hessian,
  hvp,
  jit,
  matmul,
  mul,
  scan,
  sin,
  sum,
  Tensor,
  tensor,
  valueAndGrad,
  vmap,
} from "../src/index.ts";
import { messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";
import { untyped } from "./support/untyped.ts";

/** Tensors as nested arrays, in their structure. */
function plain(x: unknown): unknown {
  if (x instanceof Tensor) return x.toArray();
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x !== "object" || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]));
}

describe("expressions", () => {
  it("know the constants and the logarithm as mathematics writes them", () => {
    expect(compileExpression("e^x", ["x"])(1)).toBe(Math.E);
    expect(compileExpression("2*pi*x + tau", ["x"])(1)).toBe(4 * Math.PI);
    expect(compileExpression("ln(x)", ["x"], { gradient: true })(4)).toEqual([Math.log(4), [0.25]]);
  });

  it("take an argument of such a name for what it is", () => {
    expect(compileExpression("e + pi", ["e", "pi"])(1, 2)).toBe(3);
    expect(compileExpression("tau", [], { constants: { tau: 3 } })()).toBe(3);
  });

  it("say what a name in another case is", () => {
    expect(messageOf(() => compileExpression("Pi*x", ["x"]))).toMatch("unknown name 'Pi': did you mean PI?");
    expect(messageOf(() => compileExpression("X + 1", ["x"]))).toMatch("did you mean x?");
    expect(messageOf(() => compileExpression("Sin(x)", ["x"]))).toMatch("did you mean sin?");
  });
});

describe("vmap", () => {
  const both = ({ a, b }: { a: Tensor; b: readonly Tensor[] }, c: Tensor): unknown => ({
    s: add(add(a, b[0]), c),
    t: [mul(a, b[1])],
  });
  const args = [{ a: tensor([1, 2]), b: [tensor(5), tensor([[3, 4]])] }, tensor(10)] as const;

  it("takes axes in the structure of the arguments and of the result", () => {
    const expected = { s: [16, 17], t: [[[3, 8]]] };
    expect(plain(vmap(both, { inAxes: [{ a: 0, b: [null, 1] }, null], outAxes: { s: 0, t: [1] } })(...args))).toEqual(
      expected,
    );
    expect(
      plain(jit(vmap(both, { inAxes: [{ a: 0, b: [null, 1] }, null], outAxes: { s: 0, t: 1 } }))(...args)),
    ).toEqual(expected);
  });

  it("takes one axis for a part of a structure", () => {
    const f = vmap(({ w, n }: { w: { x: Tensor; y: Tensor }; n: Tensor }) => mul(add(w.x, w.y), n), {
      inAxes: [{ w: 0, n: null }],
    });
    expect(plain(f({ w: { x: tensor([1, 2]), y: tensor([3, 4]) }, n: tensor(2) }))).toEqual([8, 12]);
  });

  it("says where the structure differs", () => {
    expect(messageOf(() => vmap(both, { inAxes: [{ a: 0 } as never, null] })(...args))).toMatch(
      'inAxes of argument 0 is {"a":0}',
    );
    expect(messageOf(() => vmap(both, { inAxes: { a: 0 } as never })(...args))).toMatch(
      "inAxes is one structure, expected a list",
    );
    expect(messageOf(() => vmap(both, { inAxes: [{ a: 0, b: ["x"] } as never, null] }))).toMatch("inAxes holds");
  });
});

describe("hasAux", () => {
  it("gives what stands beside the value, in its structure", () => {
    const f = (x: Tensor) => [sum(mul(x, x)), { inverse: div(1, x), n: [3] }] as const;
    const aux = { inverse: [1, Infinity], n: [3] };
    expect(plain(valueAndGrad(f, { hasAux: true })(tensor([1, 0])))).toEqual([
      [1, aux],
      [2, 0],
    ]);
    expect(plain(grad(f, { hasAux: true })(tensor([1, 0])))).toEqual([[2, 0], aux]);
    expect(plain(jit(grad(f, { hasAux: true }))(tensor([1, 0])))).toEqual([[2, 0], aux]);
    expect(grad((x: Tensor, y: Tensor) => [mul(x, y), x], { hasAux: true, wrt: [0, 1] })(2, 3)).toEqual([[3, 2], 2]);
  });

  it("asks for a pair", () => {
    expect(messageOf(() => grad(((x: Tensor) => x) as never, { hasAux: true })(2))).toMatch(
      "grad: with hasAux the function gives",
    );
    expect(messageOf(() => grad((x: Tensor) => x, { hasAux: 1 as never })(2))).toMatch("option 'hasAux' is 1");
  });
});

describe("hvp", () => {
  it("is the Hessian times a vector", () => {
    const numbers = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(numbers, numbers, (at, along) => {
        const f = (x: Tensor) => sum(mul(sin(x), mul(x, sum(x))));
        const [x, v] = [tensor(at), tensor(along)];
        const expected = matmul(hessian(f)(x) as Tensor, v).data();
        for (const g of [hvp(f), jit(hvp(f))]) {
          for (const [i, d] of (g(x, v) as Tensor).data().entries()) expect(d).toBeCloseTo(expected[i], 10);
        }
      }),
      runs(8),
    );
  });

  it("takes structures, and what else the function takes behind the vector", () => {
    const f = (p: { a: Tensor; b: Tensor }, c: Tensor) => sum(mul(mul(p.a, p.a), mul(p.b, c)));
    const product = hvp(f)(
      { a: tensor([1, 2]), b: tensor([3, 4]) },
      { a: tensor([1, 0]), b: tensor([0, 1]) },
      tensor([2, 2]),
    );
    expect(plain(product)).toEqual({ a: [12, 8], b: [4, 0] });
    expect(hvp((x: Tensor) => mul(x, mul(x, x)))(2, 1)).toBe(12);
    expect(messageOf(() => untyped(hvp(f))(tensor([1])))).toMatch("hvp: got 1 argument");
    expect(messageOf(() => untyped(hvp(([x, y]: readonly Tensor[]) => mul(x, y)))([f64(1), f64(2)], f64(1)))).toMatch(
      "v: got one tensor, expected an array of 2",
    );
  });
});

describe("scan", () => {
  it("goes along structures of sequences", () => {
    const step = (c: Tensor, { x, m }: { x: Tensor; m: readonly Tensor[] }) =>
      [add(c, mul(x, m[0])), { before: c, all: [x, m[0]] }] as const;
    const xs = { x: tensor([1, 2, 3]), m: [tensor([4, 5, 6])] };
    const expected = [
      32,
      {
        before: [0, 4, 14],
        all: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ];
    expect(plain(scan(step, tensor(0), xs))).toEqual(expected);
    expect(plain(jit((t: typeof xs) => scan(step, f64(0), t))(xs))).toEqual(expected);
    const slope = grad((x: Tensor) => scan(step, tensor(0), { x, m: [x] })[0])(tensor([1, 2, 3]));
    expect(plain(slope)).toEqual([2, 4, 6]);
    expect(
      plain(
        vmap((x: Tensor) => scan(step, tensor(0), { x, m: [x] })[0])(
          tensor([
            [1, 2],
            [3, 4],
          ]),
        ),
      ),
    ).toEqual([5, 25]);
  });

  it("counts steps where there is nothing to go along", () => {
    const doubled = (c: Tensor, x: null) => [mul(c, 2), [c, x]] as const;
    expect(plain(scan(doubled, tensor(1), null, { length: 3 }))).toEqual([8, [[1, 2, 4], null]]);
    const open = compile((x: Tensor) => [scan(doubled, f64(1), null, { length: "N" })[0], x], ["f64[N]"]);
    expect(plain(open([0, 0, 0, 0]))).toEqual([16, [0, 0, 0, 0]]);
    expect(messageOf(() => scan(doubled, tensor(1), null))).toMatch("scan: got nothing to go along");
    expect(
      messageOf(() =>
        scan((c: Tensor, x: readonly Tensor[]) => [c, x] as const, tensor(1), [tensor([1]), tensor([1, 2])]),
      ),
    ).toMatch("leading extent");
  });
});
