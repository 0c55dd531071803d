// What values look like on a console: tensors, and what is made of functions.

import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensorPipeline } from "../passes/index.ts";
import {
  compile,
  f32,
  f64,
  Graph,
  grad,
  jit,
  key,
  mul,
  Session,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "../src/index.ts";
import { CompileLog, Pipeline } from "../src/rewrite/index.ts";

describe("a tensor", () => {
  it.each([
    ["a number", () => tensor(-0), "Tensor(f64, -0)"],
    [
      "what JSON has not",
      () => tensor([NaN, Infinity, -Infinity, -0]),
      "Tensor(f64[4], [NaN, Infinity, -Infinity, -0])",
    ],
    ["numbers of its own dtype", () => f32([0.1, 1e-8]), "Tensor(f32[2], [0.1, 1e-8])"],
    ["booleans", () => tensor([[true], [false]]), "Tensor(bool[2, 1],\n  [[ true],\n   [false]])"],
    [
      "rows and columns",
      () =>
        tensor([
          [1, -20],
          [300, 4.5],
        ]),
      "Tensor(f64[2, 2],\n  [[  1, -20],\n   [300, 4.5]])",
    ],
    ["matrices", () => zeros([2, 1, 2]), "Tensor(f64[2, 1, 2],\n  [[[0, 0]],\n\n   [[0, 0]]])"],
    ["one row", () => tensor([[1, 2]]), "Tensor(f64[1, 2], [[1, 2]])"],
    ["no elements", () => zeros([1e9, 0]), "Tensor(f64[1000000000, 0], [])"],
    ["of many the ends", () => zeros([1001]), "Tensor(f64[1001], [0, 0, 0, …, 0, 0, 0])"],
    [
      "of many rows the ends",
      () => zeros([1001, 1]),
      "Tensor(f64[1001, 1],\n  [[0],\n   [0],\n   [0],\n   …,\n   [0],\n   [0],\n   [0]])",
    ],
    [
      "short axes whole",
      () => zeros([2, 600]),
      "Tensor(f64[2, 600],\n  [[0, 0, 0, …, 0, 0, 0],\n   [0, 0, 0, …, 0, 0, 0]])",
    ],
  ])("shows %s", (_, make, text) => {
    expect(make().toString()).toBe(text);
    expect(inspect(make())).toBe(text);
  });

  it("stays aligned within other things", () => {
    expect(
      inspect({
        w: tensor([
          [1, 2],
          [3, 4],
        ]),
      }),
    ).toBe("{\n  w: Tensor(f64[2, 2],\n    [[1, 2],\n     [3, 4]])\n}");
  });

  it("shows all of a thousand elements, on lines of bearable length", () => {
    const text = String(tensor(Float64Array.from({ length: 1000 }, (_, i) => i)));
    expect(text.match(/\d+(?=[,\]])/g)?.slice(-1000)).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(102);
  });

  it("of any shape shows its own numbers in order, and is short", () => {
    const extents = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(extents, fc.constantFrom("f64", "f32", "i32", "u8", "bool" as const), (shape, dtype) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const data = Float64Array.from({ length: size }, (_, i) => (dtype === "bool" ? i % 2 : i % 251));
        const text = String(tensor(data, { shape }).cast(dtype));
        const shown = text.slice(text.indexOf(",", text.indexOf("]")) + 1).match(/true|false|[\d.]+/g) ?? [];
        const all = Array.from(data, (x) => (dtype === "bool" ? String(x !== 0) : String(x)));
        if (shape.length === 0) return;
        if (size <= 1000) expect(shown).toEqual(all);
        else {
          expect(shown.slice(0, 3)).toEqual(all.slice(0, 3));
          expect(shown.slice(-3)).toEqual(all.slice(-3));
          expect(text).toContain("…");
        }
        expect(text.length).toBeLessThan(30_000);
      }),
      { numRuns: 100 },
    );
  });

  it("of a million elements is shown without reading them all", () => {
    expect(inspect(tensor(new Float64Array(1e6))).length).toBeLessThan(60);
  });
});

describe("on a console", () => {
  it("a compiled function says what it takes and gives", () => {
    const f = compile(
      function loss(w: Tensor, x: Tensor) {
        return sum(mul(w, x));
      },
      ["f32[N]", "f32[N]"],
    );
    expect(inspect(f)).toBe("[compiled loss(w: f32[N], x: f32[N]) -> f32]");
    expect(inspect(compile("func @two(%x: f64) -> (f64, f64) {\n  return %x, %x\n}\n"))).toBe(
      "[compiled two(x: f64) -> (f64, f64)]",
    );
  });

  it("a jit function says what it was compiled for", () => {
    const f = jit(function loss(x: Tensor) {
      return sum(x);
    });
    expect(inspect(f)).toBe("[jit loss: not compiled yet]");
    f([1, 2]);
    f([1, 2, 3]);
    expect(inspect(f)).toMatch(/^\[jit loss: 2 compilations, the last for \(f64\[\w+\]\)\]$/);
    expect(inspect(grad((x: Tensor) => x))).toBe("[jit grad_f: not compiled yet]");
  });

  it("a log says which passes did something", () => {
    const { log } = compile((x: Tensor) => mul(x, 1), ["f64"]);
    const lines = inspect(log).split("\n");
    expect(lines[0]).toMatch(/^CompileLog\(\d+ passes in [\d.]+ ms, [1-9]\d* changed the module\)$/);
    expect(lines.slice(1)).toEqual(
      log.entries.filter((e) => e.changed).map((e) => expect.stringMatching(`^  ${e.pass}: .* operations?$`)),
    );
    expect(inspect(log.entries[0])).toMatch(/^LogEntry\(refine-shapes: /);
    expect(inspect(new CompileLog())).toBe("CompileLog(0 passes in 0.00 ms, 0 changed the module)");
    expect(inspect(tensorPipeline.without("cse"))).toBe(`Pipeline(${tensorPipeline.without("cse").names.join(", ")})`);
    expect(inspect(new Pipeline([]))).toBe("Pipeline()");
  });

  it("graphs, sessions, dtypes and keys are words", () => {
    const graph = new Graph();
    expect(inspect(graph)).toBe("Graph(placeholders none; variables none; 0 operations)");
    const x = graph.placeholder(f64, { name: "x" });
    const y = mul(x, graph.variable(tensor([1, 2]), { name: "w" }));
    expect(inspect([graph])).toBe("[ Graph(placeholders x: f64[*]; variables w: f64[2]; 1 operation) ]");
    const session = new Session(graph);
    session.run(y, { x: 2 });
    expect(inspect(session)).toBe("Session(1 run, 1 compilation)");
    expect(inspect(f32)).toBe("[dtype f32]");
    expect(inspect(key(3))).toBe("Tensor(u32[2], [0, 3])");
  });
});
