// Declared graphs and sessions: feeds, fetches, pruning, variables, gradients, and what is refused.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  compile,
  compileExpression,
  cond,
  cos,
  exp,
  f32,
  f64,
  fori,
  Graph,
  grad,
  greater,
  i32,
  matmul,
  mul,
  neg,
  Session,
  sin,
  sub,
  sum,
  type Tensor,
  tensor,
  where,
} from "../src/index.ts";
import { messageOf as anyMessageOf } from "./support/errors.ts";

const messageOf = (body: () => unknown): string =>
  anyMessageOf(body).replace(/declare\.test\.ts:\d+/, "declare.test.ts:LINE");

function product() {
  const graph = new Graph();
  const a = graph.placeholder(f64, { name: "a" });
  const b = graph.placeholder(f64, { name: "b" });
  const c = mul(a, b);
  const [da, db] = graph.gradients(c, [a, b]);
  return { graph, a, b, c, da, db };
}

describe("a session", () => {
  it("runs c = a·b with placeholders of unknown shape, and its gradient", () => {
    const { graph, a, b, c, da, db } = product();
    const session = new Session(graph);
    expect(session.run([c, da, db], { a: 15, b: 20 })).toEqual([300, 20, 15]);
    expect(
      session.run(
        { c, da },
        new Map([
          [a, 2],
          [b, 3],
        ]),
      ),
    ).toEqual({ c: 6, da: 3 });
    expect(session.run(c, { a: 15, b: 20 })).toBe(300);
    const grid = session.run([c, da], { a: [1, 2, 3], b: 10 }) as Tensor[];
    expect(grid.map((t) => t.toArray())).toEqual([
      [10, 20, 30],
      [10, 10, 10],
    ]);
    expect((session.run(da, { a: [[1, 2]], b: [[3], [4]] }) as Tensor).toArray()).toEqual([[7, 7]]);
  });

  it("feeds any tensor, and computes and asks for nothing else", () => {
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x" });
    const y = graph.placeholder(f64, { name: "y" });
    const s = sin(x);
    const p = mul(s, y);
    const session = new Session(graph);
    expect(session.run(s, { x: 1 })).toBe(Math.sin(1));
    expect(
      session.run(
        p,
        new Map([
          [s, 3],
          [y, 4],
        ]),
      ),
    ).toBe(12);
    expect(
      session.run(
        [s, p],
        new Map([
          [s, 3],
          [y, 4],
        ]),
      ),
    ).toEqual([3, 12]);
    expect(session.run([], {})).toEqual([]);
  });

  it("compiles once for fetches and types of feeds; declared symbols serve all sizes", () => {
    const graph = new Graph();
    const x = graph.placeholder("f32", { name: "x", shape: ["B", 2] });
    const w = graph.variable(tensor([[1], [2]], { dtype: "f32" }), { name: "w" });
    const y = matmul(x, w);
    const session = new Session(graph);
    expect((session.run(y, { x: [[1, 1]] }) as Tensor).toArray()).toEqual([[3]]);
    expect(
      (
        session.run(y, {
          x: [
            [1, 1],
            [2, 2],
          ],
        }) as Tensor
      ).toArray(),
    ).toEqual([[3], [6]]);
    expect((session.run(y, { x: new Float32Array([1, 2, 3, 4]) }) as Tensor).toArray()).toEqual([[5], [11]]);
    expect(session.compilations.length).toBe(1);
    expect(graph.module(y).funcs.length).toBe(1);
  });

  it("keeps the state of variables: reads see it from before the run, each session has its own", () => {
    const graph = new Graph();
    const v = graph.variable(1, { name: "v" });
    const next = graph.assign(v, mul(v, 2));
    const [one, two] = [new Session(graph), new Session(graph)];
    expect(one.run([v, next])).toEqual([1, 2]);
    expect(one.run([next, v])).toEqual([4, 2]);
    expect([one.run(v), two.run(v)]).toEqual([4, 1]);
    expect(one.run(v, { v: 10 })).toBe(10);
    expect(one.run(v)).toBe(4);
  });

  it("trains", () => {
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x", shape: ["N"] });
    const y = graph.placeholder(f64, { name: "y", shape: ["N"] });
    const w = graph.variable(0);
    const error = sub(mul(x, w), y);
    const loss = sum(mul(error, error));
    const [dw] = graph.gradients(loss, [w]);
    const step = graph.assign(w, sub(w, mul(dw, 0.02)));
    const session = new Session(graph);
    for (let i = 0; i < 60; i++) session.run([step, loss], { x: [1, 2, 3], y: [3, 6, 9] });
    expect(session.run(w)).toBeCloseTo(3, 9);
  });

  it("has gradients of gradients, by intermediate tensors, of sums, with weights, and zero where nothing depends", () => {
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x", shape: [] });
    const z = graph.placeholder(f64, { name: "z", shape: [] });
    const s = sin(x);
    const y = mul(s, x);
    const [dx] = graph.gradients(y, [x]);
    const [ddx] = graph.gradients(dx, [x]);
    const [ds, dz] = graph.gradients(y, [s, z]);
    const [both] = graph.gradients([y, s], [x], [2, 10]);
    const session = new Session(graph);
    const want = [
      Math.cos(1) + Math.sin(1),
      2 * Math.cos(1) - Math.sin(1),
      1,
      0,
      2 * (Math.cos(1) + Math.sin(1)) + 10 * Math.cos(1),
    ];
    const got = session.run([dx, ddx, ds, dz, both], { x: 1, z: 5 }) as number[];
    for (const [i, w] of want.entries()) expect(got[i]).toBeCloseTo(w, 12);
  });

  it("holds control flow, gradients of functions, compiled functions, expressions and concrete tensors", () => {
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x", shape: [] });
    const big = cond(
      greater(x, 1),
      () => mul(x, 10),
      () => neg(x),
    );
    const power = fori(0, 3, (_, c) => mul(c, x), x);
    const slope = grad((t: Tensor) => exp(mul(t, 2)))(x);
    const f = compile((t: Tensor) => add(cos(t), 1), ["f64"])(x);
    const e = compileExpression("t^2 + 1", ["t"])(x);
    const shifted = add(x, tensor([1, 2]));
    const session = new Session(graph);
    const [p, q, r, g, h] = session.run([big, power, slope, f, e], { x: 2 }) as number[];
    expect([p, q, g, h]).toEqual([20, 16, Math.cos(2) + 1, 5]);
    expect(r).toBeCloseTo(2 * Math.exp(4), 10);
    expect((session.run(shifted, { x: 5 }) as Tensor).toArray()).toEqual([6, 7]);
  });

  it("prunes at random feeds, and gives what the traced function gives", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        fc.double({ min: -2, max: 2, noNaN: true }),
        (cut, at) => {
          const graph = new Graph();
          const x = graph.placeholder(f64, { name: "x", shape: [] });
          const steps = [sin(x)];
          steps.push(mul(steps[0], x), exp(steps[0]));
          const last = where(greater(steps[1], 0), steps[2], steps[1]);
          const feeds = new Map<Tensor, number>([[x, at]]);
          for (const [i, t] of steps.entries()) if (cut[i]) feeds.set(t, i + 0.5);
          const s = cut[0] ? 0.5 : Math.sin(at);
          const m = cut[1] ? 1.5 : s * at;
          const want = m > 0 ? (cut[2] ? 2.5 : Math.exp(s)) : m;
          expect(new Session(graph).run(last, feeds)).toBe(want);
        },
      ),
    );
  });
});

describe("what is refused, in one line", () => {
  const make = () => {
    const graph = new Graph();
    const x = graph.placeholder(f32, { name: "x", shape: [2] });
    return { graph, x, y: mul(x, x) };
  };

  it("by graphs", () => {
    const { graph, x } = make();
    const other = make();
    expect(messageOf(() => graph.placeholder(f32, { name: "x" }))).toBe(
      "the graph has a placeholder or variable 'x' already",
    );
    expect(messageOf(() => graph.placeholder("f99"))).toContain("'f99' is not a dtype");
    expect(messageOf(() => graph.placeholder("f64[2]"))).toBe(
      'placeholder: got the type "f64[2]", expected a dtype: write placeholder(f64, { shape: [2] })',
    );
    expect(messageOf(() => graph.placeholder(f32, { shape: [-1] }))).toBe(
      "placeholder: the extent of axis 0 is -1, expected a size or a symbol",
    );
    expect(messageOf(() => graph.placeholder(f32, { nme: "z" } as never))).toBe(
      "placeholder: unknown option 'nme', expected one of name, shape: did you mean name?",
    );
    expect(messageOf(() => add(x, other.x))).toContain(
      "a tensor of another graph is used here: declare both in one graph",
    );
    expect(messageOf(() => add(x, i32(3)))).toContain("operand 1 has dtype i32, expected f32");
    expect(messageOf(() => graph.gradients(greater(x, 0), [x]))).toBe(
      "gradients: y 0 has type bool[2], which has no derivative",
    );
    expect(messageOf(() => graph.gradients(other.y, [x]))).toBe("gradients: y 0 belongs to another graph");
    expect(messageOf(() => graph.assign(x, 1))).toBe("assign: the first operand is no variable of this graph");
    const v = graph.variable([1, 2, 3]);
    expect(messageOf(() => graph.assign(v, tensor([1, 2])))).toBe("assign: the value has type f64[2], expected f64[3]");
    new Session(graph);
    expect(messageOf(() => mul(x, 2))).toBe(
      "the graph is frozen, since a session runs it: declare all of it before new Session(graph)",
    );
    expect(messageOf(() => graph.placeholder(f32))).toContain("the graph is frozen");
    expect(messageOf(() => compile((t: Tensor) => mul(t, other.x), ["f32[2]"]))).toContain(
      "a tensor of a declared graph is used here: pass what a session computes of it",
    );
  });

  it("by sessions", () => {
    const { graph, x, y } = make();
    const other = make();
    const session = new Session(graph);
    const run = (fetches: unknown, feeds: unknown = {}): string =>
      messageOf(() => session.run(fetches, feeds as never));
    expect(run(y)).toBe(
      "placeholder 'x' (test/declare.test.ts:LINE) is not fed, expected f32[2]: add { x: … } to the feeds",
    );
    expect(run(y, { z: 1 })).toBe("the graph has no placeholder 'z': the names are x");
    expect(run(y, { __proto__: null, "a;process.exit()": 1 })).toBe(
      "the graph has no placeholder 'a;process.exit()': the names are x",
    );
    expect(run(y, { x: [1, 2, 3] })).toContain("axis 0 is 3, expected 2");
    expect(run(y, { x: new Float64Array(2) })).toBe("the feed of 'x' has dtype f64, expected f32: cast it");
    expect(run(other.y, {})).toBe("fetch 0 belongs to another graph");
    expect(run(tensor(1))).toBe(
      "fetch 0 is a concrete tensor, expected one of the graph: give it to a function with one of the graph's tensors, or fetch what is computed from it",
    );
    expect(run(3)).toContain("the fetches");
    expect(run(y, 3)).toBe("the feeds are 3, expected an object by name, or a Map by tensor");
    expect(run(y, new Map([[other.x, 1]]))).toBe("a feed belongs to another graph");
    expect(run(y, new Map([["x", 1]]))).toContain('a feed is the string "x", expected a tensor of the graph');
    expect(messageOf(() => new Session(3 as never))).toBe("Session: got 3, expected a Graph");
    const v = new Graph();
    const w = v.variable(1);
    const both = [v.assign(w, add(w, 1)), v.assign(w, add(w, 2))];
    expect(messageOf(() => new Session(v).run(both))).toContain("the fetches assign to one variable twice");
    expect(x.rank).toBe(1);
  });
});
