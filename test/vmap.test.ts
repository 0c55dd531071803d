// vmap, checkpoint and customJvp, as users call them, and composed with the other transforms.

import { describe, expect, it } from "vitest";
import {
  add,
  checkpoint,
  compile,
  cond,
  cos,
  customJvp,
  exp,
  fori,
  grad,
  greater,
  hessian,
  i32,
  jit,
  jvp,
  less,
  log,
  mul,
  scan,
  sin,
  sqrt,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from "../src/index.ts";
import { messageOf } from "./support/errors.ts";

const rows = tensor([
  [1, 2],
  [3, 4],
  [5, 6],
]);

describe("vmap", () => {
  it("applies a function of one element to all", () => {
    const f = vmap((x: Tensor, w: Tensor) => sum(mul(x, w)), { inAxes: [0, null] });
    expect(f(rows, tensor([1, 10])).toArray()).toEqual([21, 43, 65]);
  });

  it("maps along any axis, and puts it anywhere", () => {
    const f = vmap((x: Tensor) => mul(x, 2), { inAxes: 1, outAxes: -1 });
    expect(f(rows).toArray()).toEqual([
      [2, 4],
      [6, 8],
      [10, 12],
    ]);
    expect(vmap((x: Tensor) => x, { inAxes: 1 })(rows).toArray()).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    expect(vmap((x: Tensor) => [x, sum(x)], { outAxes: [1, 0] })(rows).map((t: Tensor) => t.toArray())).toEqual([
      [
        [1, 3, 5],
        [2, 4, 6],
      ],
      [3, 7, 11],
    ]);
  });

  it("nests, keeps structures, and takes numbers as the same for all", () => {
    const product = vmap(
      vmap((x: Tensor, y: Tensor) => sum(mul(x, y)), { inAxes: [null, 0] }),
      { inAxes: [0, null] },
    );
    expect(
      product(
        rows,
        tensor([
          [1, 0],
          [1, 1],
        ]),
      ).toArray(),
    ).toEqual([
      [1, 3],
      [3, 7],
      [5, 11],
    ]);
    const f = vmap((p: { x: Tensor }, c: Tensor) => ({ y: add(p.x, c) }));
    expect(f({ x: tensor([1, 2]) }, 10).y.toArray()).toEqual([11, 12]);
  });

  it("gives what does not depend on the batch for each element", () => {
    expect(vmap((_: Tensor, w: Tensor) => w, { inAxes: [0, null] })(rows, 3).toArray()).toEqual([3, 3, 3]);
  });

  it("composes with gradients, either way round", () => {
    const f = (x: Tensor, w: Tensor): Tensor => sum(mul(sin(x), w));
    const each = vmap(grad(f, { wrt: [0, 1] }), { inAxes: [0, null] });
    const [dx, dw] = each(rows, tensor([1, 2]));
    expect(dx.at(1).toArray()).toEqual([Math.cos(3), 2 * Math.cos(4)]);
    expect(dw.at(2).toArray()).toEqual([Math.sin(5), Math.sin(6)]);
    const whole = grad((w: Tensor) => sum(vmap(f, { inAxes: [0, null] })(rows, w)))(tensor([1, 2]));
    expect(whole.at(0).item()).toBeCloseTo(Math.sin(1) + Math.sin(3) + Math.sin(5), 12);
    expect(vmap(hessian((x: Tensor) => mul(mul(x, x), x)))(tensor([1, 2])).toArray()).toEqual([6, 12]);
    const [, tangent] = vmap((x: Tensor) => jvp((y: Tensor) => mul(y, y))([x], [1]))(tensor([3, 4]));
    expect(tangent.toArray()).toEqual([6, 8]);
    const pulled = vmap((x: Tensor, ct: Tensor) => vjp((y: Tensor) => exp(y))([x], ct)[1][0]);
    expect(pulled(tensor([0, 0]), tensor([2, 3])).toArray()).toEqual([2, 3]);
  });

  it("maps control flow, each element on its own way", () => {
    const f = (x: Tensor): Tensor =>
      cond(
        greater(x, 0),
        () => sqrt(x),
        () => mul(x, 0),
      );
    expect(vmap(f)(tensor([4, -1, 9])).toArray()).toEqual([2, -0, 3]);
    expect(vmap(grad(f))(tensor([4, -1])).toArray()).toEqual([0.25, 0]);
    const doubled = (x: Tensor): Tensor =>
      whileLoop(
        (y: Tensor) => less(y, 100),
        (y: Tensor) => mul(y, 2),
        x,
      );
    expect(vmap(doubled)(tensor([1, 60, 200])).toArray()).toEqual([128, 120, 200]);
    expect(vmap(grad(doubled))(tensor([1, 60, 200])).toArray()).toEqual([128, 2, 1]);
    const power = (x: Tensor, n: Tensor): Tensor => fori(0, n, (_, y: Tensor) => mul(y, x), mul(x, 0).add(1));
    expect(vmap(power)(tensor([2, 3]), i32([3, 2])).toArray()).toEqual([8, 9]);
    expect(vmap(grad(power))(tensor([2, 3]), i32([3, 2])).toArray()).toEqual([12, 6]);
    const sums = (xs: Tensor): Tensor =>
      scan<unknown, unknown>((s, x) => [add(s as Tensor, x), add(s as Tensor, x)], 0, xs)[1] as Tensor;
    expect(vmap(sums)(rows).toArray()).toEqual([
      [1, 3],
      [3, 7],
      [5, 11],
    ]);
  });

  it("keeps a branch whose predicate is the same for all", () => {
    const f = compile(
      vmap(
        (x: Tensor, p: Tensor) =>
          cond(
            p,
            () => exp(x),
            () => x,
          ),
        { inAxes: [0, null] },
      ),
      ["f64[N]", "bool"],
    );
    expect(f.ir).toContain("if %p :");
    expect(f.ir).not.toContain("select");
  });

  it("compiles once for all sizes", () => {
    const f = jit(vmap((x: Tensor) => sum(mul(x, x))));
    for (const n of [1, 2, 3, 7]) expect(f(tensor(new Float64Array(2 * n).fill(1), { shape: [n, 2] })).size).toBe(n);
    expect(f(tensor([], { shape: [0, 2] })).toArray()).toEqual([]);
  });

  it("says what does not fit", () => {
    expect(messageOf(() => vmap(sin)(2))).toBe("vmap: no argument is mapped: name an axis with inAxes");
    expect(messageOf(() => vmap(sin, { inAxes: 2 })(rows))).toMatch(/argument 0 has shape \[.*\], which has no axis 2/);
    expect(messageOf(() => vmap(add, { inAxes: [0] })(rows, rows))).toMatch(/inAxes has 1 entry.*2 arguments/);
    expect(messageOf(() => vmap(sin, { outAxes: 4 })(rows))).toMatch(/which has no axis 4/);
    expect(messageOf(() => vmap(add)(rows, tensor([1, 2])))).toMatch(/leading extent|axis 0/);
    expect(messageOf(() => vmap(sin, { inAxes: "0" as never }))).toMatch(
      /inAxes holds .*expected axis numbers or null/,
    );
  });
});

describe("checkpoint", () => {
  const layer = (x: Tensor): Tensor => sin(exp(sin(x)));

  it("gives the same value and the same gradients, to any order", () => {
    const f = (x: Tensor): Tensor => sum(mul(checkpoint(layer)(x), x));
    const g = (x: Tensor): Tensor => sum(mul(layer(x), x));
    const x = tensor([0.1, 0.7]);
    expect(valueAndGrad(f)(x)[1].toArray()).toEqual(valueAndGrad(g)(x)[1].toArray());
    const at = 0.3;
    expect(grad(grad(f))(at)).toBeCloseTo(grad(grad(g))(at), 12);
    expect(jvp(f)([at], [1])[1]).toBeCloseTo(grad(g)(at) as number, 12);
  });

  it("keeps the arguments of a step only, and runs it again", () => {
    const chain = (step: (x: Tensor) => Tensor) => (x: Tensor) =>
      scan((s: Tensor) => [step(s), 0], x, tensor([1, 2, 3]))[0];
    const stacked = (text: string): number => /scan carry[^\n]*/.exec(text)?.[0].match(/f64\[3\]/g)?.length ?? 0;
    const plain = compile(grad(chain(layer)), ["f64"]).ir;
    const again = compile(grad(chain(checkpoint(layer) as (x: Tensor) => Tensor)), ["f64"]).ir;
    expect(stacked(again)).toBeLessThan(stacked(plain));
    expect(again).toContain("checkpoint = true");
  });
});

describe("customJvp", () => {
  const softplus = customJvp(
    (x: Tensor) => log(add(exp(x), 1)),
    ([x], [t]) => [log(add(exp(x as Tensor), 1)), mul(t as Tensor, cos(x as Tensor))],
  );

  it("gives its own derivatives, forward and in reverse", () => {
    expect(softplus(0).item()).toBe(Math.log(2));
    expect(jvp(softplus)([0.5], [2])[1]).toBe(2 * Math.cos(0.5));
    expect(grad(softplus)(0.5)).toBe(Math.cos(0.5));
    expect(grad(grad(softplus))(0.5)).toBeCloseTo(-Math.sin(0.5), 12);
    expect(vmap(grad(softplus))(tensor([0.5, 1])).toArray()).toEqual([Math.cos(0.5), Math.cos(1)]);
  });

  it("says what does not fit", () => {
    const wrong = customJvp((x: Tensor) => x, (() => 3) as never);
    expect(messageOf(() => grad(wrong)(1))).toMatch(/customJvp: the rule gives 3, expected \[value, tangent\]/);
    const reads = (y: Tensor) =>
      customJvp(
        (x: Tensor) => mul(x, y),
        ([x], [t]) => [mul(x as Tensor, y), mul(t as Tensor, y)],
      )(1);
    expect(messageOf(() => grad(reads as (y: Tensor) => Tensor)(2))).toMatch(
      /reads a value from outside that is differentiated/,
    );
  });
});
