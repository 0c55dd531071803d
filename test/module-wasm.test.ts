// Standalone modules with WebAssembly: the interpreter's bits, JavaScript's errors, and JavaScript where there is no WebAssembly.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { describe, expect, it } from "vitest";
import type { Backend, BackendOptions, Convention, Executable } from "../src/backend/backend.ts";
import { jsBackend } from "../src/backend/js/index.ts";
import { wasmBackend } from "../src/backend/wasm/index.ts";
import { compileSource } from "../src/entry/source.ts";
import { check, compile, compileExpression, exp, greater, jit, matmul, mul, sum, type Tensor } from "../src/index.ts";
import { elementDType, isScalar, type Module, type NdArray, ndscalar, type Type } from "../src/ir/index.ts";
import { checkBackend } from "../src/testing/index.ts";
import { type Evaluated, evaluated } from "./support/modules.ts";
import { runs } from "./support/runs.ts";

// ---- random programs ------------------------------------------------------------------------------------------------

const leafOf = (type: Type) => (isScalar(type) ? (elementDType(type) === "bool" ? "boolean" : "number") : "tensor");

/** What a module of the function gives, where `js` and `wasm` are the program as each of them takes it. */
function moduleBackend(name: string, wasm: Backend): Backend {
  return {
    ...wasm,
    name,
    compile(module: Module, options: BackendOptions): Executable {
      const { signature } = options;
      const items = (types: readonly Type[]) => types.map((type) => ({ kind: "leaf", leaf: leafOf(type) }) as const);
      const convention: Convention = {
        parameters: items(signature.arguments).map((structure, i) => ({
          name: `p${i}`,
          structure,
          fallback: undefined,
        })),
        result: { kind: "tuple", items: items(signature.results) },
        written: [],
      };
      const embedded = wasmBackend.embed?.(module, options) ?? null;
      const made = jsBackend.standalone?.(module, options, { convention, root: null, embedded });
      const code = made?.code ?? "";
      const [whole, alone] = [evaluated(code).f, evaluated(code, {}, true)];
      expect(alone.wasm?.entry).toBeTypeOf("function");
      const reference = jsBackend.compile(module, options);
      const run = (args: readonly NdArray[]): readonly NdArray[] => {
        const given = () => args.map((a) => (a.shape.length === 0 ? plainOf(a) : copyOf(a)));
        try {
          // it tells of errors, and of what probes see
          reference.run(args);
        } catch (error) {
          expect(() => whole(...given())).toThrow((error as Error).message);
          throw error;
        }
        const got = alone.f(...given());
        const results = signature.results.length === 1 ? [got].flat() : (got as readonly unknown[]);
        return signature.results.map((type, k) => {
          const dtype = elementDType(type) ?? "f64";
          if (isScalar(type)) return ndscalar(dtype, Number(results[k]));
          return { dtype, ...(results[k] as Pick<NdArray, "data" | "shape">) };
        });
      };
      return { run, scalar: null, native: () => null, bind: () => null, source: null };
    },
  };
}

const copyOf = ({ data, shape }: NdArray) => ({ data: data.slice(), shape });
const plainOf = ({ data, dtype }: NdArray) => (dtype === "bool" ? data[0] !== 0 : data[0]);

it("random programs have the interpreter's bits and JavaScript's errors, without help of JavaScript", () => {
  const loops = moduleBackend("module", { ...wasmBackend, level: "loop", target: undefined });
  const report = checkBackend(loops, { runs: runs(20).numRuns });
  expect(report.changed).toBeGreaterThan(5);
});

// ---- what is written by hand ----------------------------------------------------------------------------------------

/** The same function as JavaScript, as WebAssembly alone, and as both. */
function ways(f: { toModule(options: object): { readonly code: string } }) {
  const { code } = f.toModule({ target: "wasm" });
  return {
    js: evaluated(f.toModule({ target: "js" }).code).f,
    alone: evaluated(code, {}, true).f,
    both: evaluated(code).f,
  };
}

/** What a call gives or throws, with the arguments as it leaves them. */
function outcome(f: Evaluated["f"], args: readonly unknown[]): unknown {
  const given = structuredClone(args);
  try {
    return { result: f(...given), given };
  } catch (error) {
    return { error: String(error), given };
  }
}

const gelu = (x: Tensor, w: Tensor): Tensor => mul(exp(matmul(x, w)), 0.5);
const sizes = ["f32[B, K]", "f32[K, 3]"] as const;
const given = (rows: number, depth: number) => [
  { data: Float32Array.from({ length: rows * depth }, (_, i) => Math.sin(i)), shape: [rows, depth] },
  Float32Array.from({ length: depth * 3 }, (_, i) => Math.cos(i)),
];

const text = `export function move(xs: number[], out: Float64Array, flags: Int32Array, scale = 2, on = true): { total: number; odd: boolean; ys: number[] } {
  const ys = xs.slice();
  let total = 0;
  let steps = 0;
  while (total < 100 && steps < xs.length) {
    total += Math.exp(xs[steps]) * scale;
    out[steps] = total;
    flags[steps] += 1;
    ys[steps] = -total;
    if (on) xs[steps] = Math.pow(total, 2);
    steps++;
  }
  return { total, odd: steps % 2 === 1, ys };
}
export function power(x: number, n: number): number {
  let y = 1;
  for (let i = 0; i < n; i++) { if (y > 10) y = Math.sqrt(y) * x; else y = y * x; }
  return y;
}`;

describe("a module with WebAssembly", () => {
  it("gives the bits of the module of JavaScript at any size, and memory grows", () => {
    const { js, alone } = ways(compile(gelu, sizes));
    for (const [rows, depth] of [
      [1, 1],
      [5, 7],
      [0, 4],
      [300, 90],
      [3, 2],
    ]) {
      const args = given(rows, depth);
      expect(outcome(alone, args)).toEqual(outcome(js, args));
    }
  });

  it("takes arrays that it writes to, and leaves in them what JavaScript leaves, where it fails too", () => {
    const { js, alone, both } = ways(compileSource(text, { entry: "move" }));
    const [fits, short] = [
      [[1, 2, 3], new Float64Array(4), new Int32Array(3)],
      [[1, 2, 3], new Float64Array(4), new Int32Array(1)],
    ];
    expect(outcome(alone, fits)).toEqual(outcome(js, fits));
    expect(outcome(alone, [...fits, 0.5, false])).toEqual(outcome(js, [...fits, 0.5, false]));
    for (const args of [
      short,
      [new Array(3), ...fits.slice(1)],
      [[1, "2", 3], ...fits.slice(1)],
      [[1], [2], [3]],
      [null],
    ])
      expect(outcome(both, args)).toEqual(outcome(js, args));
    expect(outcome(both, short)).toMatchObject({
      error: "RangeError: source.ts:8:5 flags: index 1 is out of range for axis 0 of extent 1 (iteration 1)",
      given: [[1, 2, 3], {}, Int32Array.of(1)],
    });
    // a call that fails leaves nothing behind
    expect(outcome(alone, fits)).toEqual(outcome(js, fits));
  });

  it("keeps what loops without an end need on tapes, for gradients", () => {
    const { js, alone } = ways(compileSource(text, { entry: "power", gradient: true, wrt: ["x"] }));
    for (const args of [
      [1.5, 0],
      [1.5, 9],
      [3, 100],
    ])
      expect(outcome(alone, args)).toEqual(outcome(js, args));
    expect(outcome(alone, [2, Number.NaN])).toEqual(outcome(js, [2, Number.NaN]));
  });

  it("fails as JavaScript does, with the message, the place and the step", () => {
    const checked = compile(
      (x: Tensor) => {
        check(greater(sum(x), 0), "the sum is positive");
        return x;
      },
      ["f64[N]"],
    );
    const { code } = checked.toModule({ target: "wasm", root: process.cwd() });
    const { f } = evaluated(code);
    expect(() => f(Float64Array.of(-1))).toThrow(
      /^test\/module-wasm\.test\.ts:\d+:\d+ check failed: the sum is positive$/,
    );
    expect(() => f([1])).toThrow("argument 'x' is no Float64Array, and no { data, shape } with one");
    expect(f(Float64Array.of(2))).toEqual({ data: Float64Array.of(2), shape: [1] });
  });

  it("exports functions of numbers, and looks at what is passed", () => {
    const { js, both } = ways(compileExpression("x > 1 ? sin(x) : x^2", ["x"], { gradient: true }));
    for (const x of [0.5, 2, Number.NaN, "3", undefined, 2n]) expect(outcome(both, [x])).toEqual(outcome(js, [x]));
  });
});

// ---- hosts ----------------------------------------------------------------------------------------------------------

/** What these tests need of it: its types come with those of browsers. */
interface WebAssemblyHost {
  readonly CompileError: new (message: string) => Error;
  readonly Memory: new (limits: object) => { grow(pages: number): number };
}

describe("where a host", () => {
  const f = compile(gelu, sizes);
  const { code, types } = f.toModule({ target: "wasm" });
  const args = given(200, 100);
  const expected = outcome(evaluated(f.toModule().code).f, args);
  const host = (globalThis as unknown as { readonly WebAssembly: WebAssemblyHost }).WebAssembly;
  const onHost = (change: object): Evaluated =>
    evaluated(code, { WebAssembly: Object.assign(Object.create(host), change) });

  it("has no WebAssembly, none with vectors, or may not compile, JavaScript runs", () => {
    const refuses = function refuses(): never {
      throw new host.CompileError("the policy forbids it");
    };
    for (const made of [
      evaluated(code, { WebAssembly: undefined }),
      onHost({ Module: refuses }),
      onHost({ Instance: refuses }),
    ]) {
      expect(made.wasm?.entry).toBe(null);
      expect(outcome(made.f, args)).toEqual(expected);
    }
  });

  it("compiles no large module at once, JavaScript runs until it has compiled it", async () => {
    const refuses = function refuses(): never {
      throw new RangeError("disallowed on the main thread");
    };
    const made = onHost({ Module: refuses });
    expect(outcome(made.f, args)).toEqual(expected);
    await expect.poll(() => made.wasm?.entry).toBeTypeOf("function");
    expect(outcome(made.f, args)).toEqual(expected);
  });

  it("has no memory left, JavaScript runs, and the next call is as before", () => {
    let isFull = true;
    class Memory extends host.Memory {
      override grow(pages: number): number {
        if (isFull) throw new RangeError("failed to grow memory");
        return super.grow(pages);
      }
    }
    const made = onHost({ Memory });
    for (isFull of [true, false]) {
      expect(outcome(made.f, args)).toEqual(expected);
      expect(outcome(made.f, given(2, 2))).toEqual(outcome(evaluated(f.toModule().code).f, given(2, 2)));
    }
  });

  it("forbids code from strings, modules are files, and bundles hold what a program uses", () => {
    const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
    try {
      writeFileSync(join(folder, "gelu.mjs"), code);
      const program = (names: string, rest: string) =>
        `import { ${names} } from "./gelu.mjs"; export const one = 1; ${rest}`;
      const bundle = (contents: string): string =>
        buildSync({ stdin: { contents, resolveDir: folder }, bundle: true, format: "esm", minify: true, write: false })
          .outputFiles[0].text;
      expect(bundle(program("gelu", ""))).not.toContain("AGFz");
      const script = `const r = gelu({ data: new Float32Array(4), shape: [1, 4] }, new Float32Array([NaN, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])); console.log(r.shape.join());`;
      for (const text of [program("gelu", script), bundle(program("gelu", script))]) {
        writeFileSync(join(folder, "main.mjs"), text);
        const flags = ["--disallow-code-generation-from-strings", join(folder, "main.mjs")];
        const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
        expect([stdout.trim(), stderr]).toEqual(["1,3", ""]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("made the module does not matter, nor when", () => {
    expect(f.toModule({ target: "wasm" })).toEqual({ code, types });
    expect(types).toBe(f.toModule().types);
    expect(code).not.toMatch(/\bimport\b|\beval\b|\bFunction\b|\bawait\b/);
  });
});

describe("toModule", () => {
  it("writes for what is named, JavaScript where nothing is, whatever the function runs as", () => {
    const doubled = jit((x: Tensor) => mul(x, 2), { backend: "wasm" });
    doubled([1, 2]);
    expect(doubled.toModule({ target: "wasm" }).code).toContain('$load("AGFz');
    for (const options of [{}, { target: "js" } as const])
      expect(doubled.toModule(options).code).not.toContain("$load");
    const interpreted = compile(gelu, sizes, { backend: "interpret" });
    expect(interpreted.toModule({ target: "wasm" }).code).toBe(compile(gelu, sizes).toModule({ target: "wasm" }).code);
  });

  it("says why there is JavaScript alone", () => {
    const names = Array.from({ length: 1001 }, (_, i) => `x${i}`);
    const { code } = compileExpression(names.join("+"), names).toModule({ target: "wasm" });
    expect(code).toMatch(/\n\/\/ It is JavaScript alone: WebAssembly has no code for it: .+\n/);
    expect(evaluated(code).f(...names.map(() => 1))).toBe(1001);
  });

  it("refuses a target that is none", () => {
    expect(() => compile(gelu, sizes).toModule({ target: "wsam" as "wasm" })).toThrow(
      "toModule: option 'target' is 'wsam', expected one of js, wasm: did you mean wasm?",
    );
  });
});
