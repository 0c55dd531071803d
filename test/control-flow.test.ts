// Branches and loops in every front end, with derivatives, at sizes and lengths that are known only at run time.

import { describe, expect, it } from "vitest";
import {
  add,
  cond,
  f64,
  fori,
  Graph,
  grad,
  greater,
  i32,
  jit,
  jvp,
  less,
  mul,
  Session,
  scan,
  sin,
  sub,
  sum,
  type Tensor,
  tensor,
  whileLoop,
} from "../src/index.ts";

/** Doubles until 10 is reached: 16 times 0.7. */
const doubled = (x: Tensor): Tensor =>
  whileLoop(
    (v: Tensor) => less(v, 10),
    (v: Tensor) => mul(v, 2),
    x,
  );

describe("control flow", () => {
  it("differentiates in every front end, a loop as long as its values say", () => {
    expect(grad(doubled)(0.7)).toBe(16);
    expect(jvp(doubled)([0.7], [3])[1]).toBe(48);
    const a = tensor(0.7, { requiresGrad: true });
    doubled(a).backward();
    expect(a.grad?.item()).toBe(16);
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x" });
    const y = doubled(x);
    const [dx] = graph.gradients(y, [x]);
    expect(new Session(graph).run([y, dx], { x: 0.7 })).toEqual([11.2, 16]);
  });

  it("nests, to any order", () => {
    // Σ over rows of a power that the row's sign chooses, in a loop inside of a scan
    const f = (xs: Tensor, n: Tensor): Tensor =>
      scan<Tensor, Tensor>(
        (s, x) => {
          const powered = fori(0, n, (_, p: Tensor) => mul(p, x), mul(x, 1));
          const next = cond(
            greater(x, 0),
            () => add(s, powered),
            () => sub(s, sin(x)),
          );
          return [next, next];
        },
        sum(mul(xs, 0)),
        xs,
      )[0];
    const xs = tensor([2, -1, 3]);
    const first = grad(f)(xs, i32(3)) as Tensor;
    expect(first.toArray()).toEqual([4 * 8, -Math.cos(-1), 4 * 27]);
    const second = grad((v: Tensor) => sum(grad(f)(v, i32(3)) as Tensor))(xs) as Tensor;
    expect(second.toArray()).toEqual([12 * 4, Math.sin(-1), 12 * 9]);
    expect((grad(f)(tensor(new Float64Array(0)), i32(3)) as Tensor).toArray()).toEqual([]);
  });

  it("keeps one compilation for all lengths", () => {
    const f = jit((n: Tensor, x: Tensor) => grad((v: Tensor) => fori(0, n, (_, p: Tensor) => sin(p), v))(x));
    const expected = (n: number, x: number): number => {
      let [value, slope] = [x, 1];
      for (let i = 0; i < n; i++) [value, slope] = [Math.sin(value), slope * Math.cos(value)];
      return slope;
    };
    for (const n of [0, 1, 7, 1000]) expect(f(i32(n), 0.5)).toBeCloseTo(expected(n, 0.5), 14);
    expect(f.compilations).toHaveLength(1);
  });
});
