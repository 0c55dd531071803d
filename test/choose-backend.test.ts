// Which backend a program takes where none is asked for: by what vectors spare it.

import { describe, expect, it } from "vitest";
import { sparedOperations } from "../src/backend/wasm/spared.ts";
import {
  add,
  compile,
  compileExpression,
  exp,
  fori,
  grad,
  jit,
  matmul,
  mul,
  parseModule,
  scan,
  sin,
  softmax,
  sum,
  type Tensor,
} from "../src/index.ts";
import { wasm } from "../src/target/index.ts";

const taken = (fn: (...args: Tensor[]) => unknown, types: readonly string[]): string =>
  compile(fn as (...args: Tensor[]) => Tensor, [...types]).backend;
const chain = (a: Tensor, b: Tensor): Tensor => add(mul(a, b), a);

describe("a program takes", () => {
  it("JavaScript, where it has numbers or few elements", () => {
    expect(taken((x) => sin(x), ["f64"])).toBe("js");
    expect(taken(chain, ["f32[128]", "f32[128]"])).toBe("js");
    expect(taken((x) => softmax(x), ["f32[10]"])).toBe("js");
    expect(taken(matmul, ["f32[4, 4]", "f32[4, 4]"])).toBe("js");
    expect(compileExpression("sin(x) * y", ["x", "y"]).backend).toBe("js");
  });

  it("WebAssembly, where it has many", () => {
    expect(taken(chain, ["f32[4096]", "f32[4096]"])).toBe("wasm");
    expect(taken((x) => sum(x), ["f64[10000]"])).toBe("wasm");
    expect(taken((x) => exp(x), ["f32[256]"])).toBe("wasm");
    expect(taken(matmul, ["f64[32, 32]", "f64[32, 32]"])).toBe("wasm");
    expect(taken((x) => grad((y: Tensor) => sum(exp(y)))(x), ["f32[1000]"])).toBe("wasm");
    expect(taken((x) => fori(0, 100, (_, c: Tensor) => mul(c, 0.5), x), ["f32[64]"])).toBe("wasm");
  });

  it("WebAssembly, where sizes are not known: those that nobody states are large", () => {
    expect(taken(matmul, ["f32[N, K]", "f32[K, M]"])).toBe("wasm");
    expect(taken(chain, ["f32[N]", "f32[N]"])).toBe("wasm");
  });

  it("JavaScript, where its elements come one after the other, or are functions of the engine", () => {
    const decay = (x: Tensor): Tensor => scan((c: Tensor, y: Tensor) => [add(mul(c, 0.9), y), c], 0, x)[0] as Tensor;
    expect(taken(decay, ["f64[100000]"])).toBe("js");
    expect(taken((x) => sin(x), ["f64[100000]"])).toBe("js");
  });

  it("what a module in JavaScript is written from, too", () => {
    const f = compile(chain, ["f32[4096]", "f32[4096]"]);
    expect([f.backend, f.source?.startsWith("(module")]).toEqual(["wasm", true]);
    expect(f.toModule().code).toContain("export");
  });

  it("the same with jit, of which explain() tells", () => {
    const f = jit((x: Tensor) => sum(exp(x)));
    f(new Float32Array(4));
    f(new Float32Array(4096));
    expect(f.explain()).toContain("backend wasm");
  });
});

it("counts a contraction by its depth, and what is updated in place by what is written", () => {
  const spared = (fn: (...args: Tensor[]) => unknown, ...types: string[]): number =>
    sparedOperations(compile(fn as (...args: Tensor[]) => Tensor, types, { backend: "interpret" }).module, wasm);
  expect(spared(matmul, "f32[8, 16]", "f32[16, 32]")).toBe(0.75 * 2 * 8 * 16 * 32);
  expect(spared(matmul, "f64[8, 16]", "f64[16, 32]")).toBe(0.5 * 2 * 8 * 16 * 32);
  const module = parseModule(`
    func @main(%x: f32[1000], %i: i32[4], %u: f32[4]) -> f32[1000] {
      %y = scatter %x, %i, %u, kind = add, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 1 : f32[1000]
      return %y
    }`);
  expect(sparedOperations(module, wasm)).toBe(0.75 * 4);
});
