// WebAssembly by its name: wherever functions are compiled, with what errors, probes and explanations say elsewhere.

import { afterEach, describe, expect, it, vi } from "vitest";
import { requireHost } from "../src/backend/wasm/host.ts";
import { compileModule } from "../src/compile/index.ts";
import * as api from "../src/index.ts";
import { parse } from "../src/ops/index.ts";
import { errorOf } from "./support/errors.ts";
import { plain } from "./support/plain.ts";
import { untyped } from "./support/untyped.ts";

const { add, compile, compileExpression, cond, div, exp, fori, grad, Graph, greater, hessian, jacobian, jit } = api;
const { jvp, mul, scan, Session, sin, sum, take, tensor, valueAndGrad, vjp, vmap, whileLoop } = api;
type Tensor = api.Tensor;

const wasm = { backend: "wasm" } as const;

/** What a function gives with JavaScript and with WebAssembly: the same. */
function same(make: (backend: "js" | "wasm") => unknown): unknown {
  const got = plain(make("wasm"));
  expect(got).toEqual(plain(make("js")));
  return got;
}

describe("the backend wasm", () => {
  it("runs what is compiled for types, and shows its code", () => {
    const f = compile((x: Tensor, y: Tensor) => sum(mul(exp(x), y)), ["f32[N]", "f32[N]"], wasm);
    expect(f.backend).toBe("wasm");
    expect(f.source).toMatch(/^\(module\n {2}\(import "env" "memory" \(memory 0\)\)\n.*v128/s);
    expect(f([0, 0, 0], [1, 2, 3]).item()).toBe(6);
    expect(f([0], [5]).item()).toBe(5);
  });

  it("is an option of jit and of all transforms, and explain names it", () => {
    const square = (x: Tensor): Tensor => sum(mul(x, x));
    const f = jit(square, wasm);
    f([1, 2]);
    f([1, 2, 3]);
    expect(f.compilations.map(({ backend }) => backend)).toEqual(["wasm", "wasm"]);
    expect(f.explain()).toMatch(/^square\(f64\[2\]\) at call 1, .* ms, backend wasm: the first call$/m);
    const x = tensor([1, 2]);
    const made = [grad(square, wasm), valueAndGrad(square, wasm), jacobian(square, wasm), hessian(square, wasm)];
    for (const g of [...made, vmap((y: Tensor) => mul(y, y), wasm)]) {
      untyped(g)(x);
      expect(g.backend).toBe("wasm");
    }
    same((backend) => vjp(square, { backend })([x], 1));
    same((backend) => jvp(square, { backend })([x], [x]));
  });

  it("runs expressions, sessions, loops, branches and tapes", () => {
    same((backend) => compileExpression("sin(x*y) + x^2", ["x", "y"], { gradient: true, backend })(0.5, 2));
    same((backend) => {
      const graph = new Graph();
      const x = graph.placeholder(api.f64, { name: "x", shape: ["N"] });
      const gradients = graph.gradients(sum(sin(x)), [x]);
      return new Session(graph, { backend }).run(gradients, { x: [1, 2, 3] });
    });
    const root = (a: Tensor): Tensor =>
      whileLoop(
        (x) => greater(api.abs(api.sub(mul(x, x), a)), 1e-9),
        (x) => mul(0.5, add(x, div(a, x))),
        a,
      );
    same((backend) => grad(root, { backend })(2));
    same((backend) => vmap(root, { backend })(tensor([4, 9, 16])));
    const running = (xs: Tensor): Tensor => scan((c: Tensor, x: Tensor) => [add(mul(c, x), 1), c], 0, xs)[1];
    same((backend) => grad((xs: Tensor) => sum(running(xs)), { backend })(tensor([1, 2, 3, 4])));
    same((backend) => grad((x: Tensor) => fori(0, 5, (_, c: Tensor) => sin(c), x), { backend })(0.3));
    same((backend) =>
      jit(
        (x: Tensor) =>
          cond(
            greater(sum(x), 0),
            () => exp(x),
            () => mul(x, 2),
          ),
        { backend },
      )([1, -3]),
    );
  });

  it("has errors with the user's line and the steps of loops", () => {
    const at = (x: Tensor, i: Tensor): Tensor => take(x, i);
    const found = (backend: "js" | "wasm"): unknown => {
      const error = errorOf(() => compile(at, ["f64[3]", "i32"], { backend })([1, 2, 3], 7));
      return [error.code, error.message, error.origin?.line];
    };
    expect(same(found)).toEqual(["range", expect.stringContaining("take: index 7 is out of range"), 84]);
  });

  it("tells probes and checks of what they see", () => {
    const text = `func @main<N>(%x: f64[N]) -> f64[N] {
  %seen = probe %x, name = "x" : f64[N]
  %zero = constant 0 : f64
  %s = reduce %x, axes = [0], kind = sum : f64
  %fine = compare %s, %zero, direction = gt : bool
  check %fine, message = "the sum is positive"
  return %x
}
`;
    same((backend) => {
      const seen: unknown[] = [];
      const observe = (name: string, value: unknown): void => void seen.push([name, value]);
      const { executable } = compileModule(parse(text), { backend, observe });
      const run = (...x: number[]) => executable.run([{ dtype: "f64", shape: [x.length], data: Float64Array.from(x) }]);
      return [run(1, 2), errorOf(() => run(-3)).message, seen];
    });
  });

  it("runs a function that a probe calls while it runs, constants included", () => {
    const constant = compile(
      `func @main(%x: f64[3]) -> f64[3] {
  %c = constant dense<[1, 2, 3]> : f64[3]
  %y = mul %x, %c : f64[3]
  %seen = probe %y, name = "y" : f64[3]
  %z = mul %y, %c : f64[3]
  return %z
}
`,
      {
        ...wasm,
        observe: (_name, value) => void inner.push(f(Float64Array.from(value.data)).toArray()),
      },
    );
    const inner: unknown[] = [];
    const f = compile((x: Tensor) => mul(x, tensor([2, 3, 4])), ["f64[3]"], wasm);
    expect((constant(Float64Array.of(1, 1, 1)) as Tensor).toArray()).toEqual([1, 4, 9]);
    expect(inner).toEqual([[2, 6, 12]]);
  });

  it("ends with an error where a program does not fit in memory, and goes on", () => {
    const outer = compile((x: Tensor, y: Tensor) => api.outer(x, y), ["f64[N]", "f64[M]"], wasm);
    const long = new Float64Array(30_000);
    for (let i = 0; i < 3; i++) {
      const error = errorOf(() => outer(long, long));
      expect([error.code, error.reason]).toEqual([
        "range",
        'a program needs 6867 MiB of memory, which WebAssembly does not have: compile it with backend: "js"',
      ]);
      expect(plain(outer([1, 2], [3]))).toEqual([[3], [6]]);
    }
  });
});

describe("where an engine compiles no WebAssembly", () => {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } };
  const { Module } = WebAssembly;
  const refusal = (): Error => Object.assign(new (requireHost().CompileError)(), { message: "too many locals" });
  afterEach(() => {
    WebAssembly.Module = Module;
    vi.restoreAllMocks();
  });

  it("JavaScript runs what is too large, and explain says why", () => {
    WebAssembly.Module = class extends Module {
      constructor(bytes: Uint8Array) {
        super(bytes);
        // the test of the engine itself is small
        if (bytes.length > 100) throw refusal();
      }
    };
    const f = jit((x: Tensor) => mul(x, 2), wasm);
    expect(f([1, 2]).toArray()).toEqual([2, 4]);
    expect([f.backend, f.source?.startsWith("function")]).toEqual(["js", true]);
    expect(f.explain()).toContain(
      "backend js: the first call; wasm has no code for it: the engine refuses the code: too many locals",
    );
  });

  it("JavaScript runs all, with one line of warning", () => {
    const said = vi.spyOn(console, "warn").mockImplementation(() => {});
    WebAssembly.Module = class extends Module {
      constructor(bytes: Uint8Array) {
        super(bytes);
        throw refusal();
      }
    };
    for (let i = 0; i < 3; i++) {
      const f = compile((x: Tensor) => exp(x), ["f64[2]"], wasm);
      expect(f.backend).toBe("js");
      expect(f([0, 0]).toArray()).toEqual([1, 1]);
    }
    expect(said.mock.calls).toEqual([
      [expect.stringMatching(/^Adjoint: no WebAssembly with vectors may be compiled here.*$/)],
    ]);
  });
});
