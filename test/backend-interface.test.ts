// Backends that are not the project's own: by name or as they are, with a target and a pipeline, at once or awaited.

import { describe, expect, it } from "vitest";
import { vectorPipeline } from "../passes/index.ts";
import {
  type Backend,
  type BackendOptions,
  type Executable,
  interpret,
  registerBackend,
} from "../src/backend/index.ts";
import { compileModule, compileModuleAsync } from "../src/compile/index.ts";
import { compile, matmul, sum, tensor } from "../src/index.ts";
import { allocate, evaluateDim, type Module, type NdArray, type Value, walk } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { Binder } from "../src/runtime/index.ts";
import { javascript } from "../src/target/index.ts";
import { checkBackend } from "../src/testing/index.ts";
import { errorOf, messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

/** Runs a lowered function: memory for its results of rank above 0 stands behind its arguments. */
function executableOf(module: Module, { entry, signature, observe }: BackendOptions): Executable {
  const binder = new Binder(signature);
  const run = (args: readonly NdArray[]): readonly NdArray[] => {
    const sizes = binder.check(args);
    const memory = signature.results.map((type) => {
      if (type.kind !== "tensor" || type.shape.length === 0) return null;
      return allocate(
        type.dtype,
        type.shape.map((d) => evaluateDim(d, (name) => sizes.get(name))),
      );
    });
    const given = [...args.map((a) => ({ ...a, data: a.data.slice() })), ...memory.filter((m) => m !== null)];
    const results = [...interpret(module, entry, given, { observe })];
    return memory.map((m) => m ?? results.shift() ?? allocate("f64", []));
  };
  const nothing = () => null;
  return { run, scalar: null, native: nothing, bind: nothing, source: null };
}

/** Eight numbers of 32 bits in a vector, loops in any order, nothing of JavaScript. */
const wide = {
  name: "wide",
  level: "vector",
  target: { ...javascript, name: "wide", vectorBits: 256, threads: 4 },
  pipeline: vectorPipeline,
  isAvailable: () => true,
  compile: executableOf,
} satisfies Backend;

/** The same, which takes a while to compile. */
const { compile: compileAtOnce, ...rest } = wide;
const late: Backend = {
  ...rest,
  name: "late",
  compileAsync: (module, options) => Promise.resolve(compileAtOnce(module, options)),
};

const text = `func @main<N>(%x: f32[N], %s: f32) -> (f32[N], f32) {
  %rows = broadcast %s, axes = [] : f32[N]
  %y = mul %x, %rows : f32[N]
  %t = mul %s, %s : f32
  return %y, %t
}
`;
const args = (): NdArray[] => [
  { dtype: "f32", shape: [11], data: Float32Array.from({ length: 11 }, (_, i) => i / 4 - 1) },
  { dtype: "f32", shape: [], data: Float32Array.of(3) },
];

const isVector = ({ type }: Value): boolean => type.kind === "vector";

describe("a backend of one's own", () => {
  it("is taken as it is, with its target and its pipeline", () => {
    const module = parse(text);
    const { executable, lowered, source } = compileModule(module, { backend: wide, check: "validate" });
    let vectors = 0;
    for (const { body } of lowered.funcs)
      walk(body, ({ results }) => void (vectors += results.filter(isVector).length));
    expect(vectors).toBeGreaterThan(0);
    expect(source).toBeNull();
    expect(executable.run(args())).toEqual(interpret(module, "main", args()));
  });

  it("has a name, once it is registered", () => {
    expect(messageOf(() => compileModule(parse(text), { backend: "wide" }))).toBe(
      "compile: option 'backend' is 'wide', expected one of auto, interpret, js, wasm",
    );
    registerBackend(wide);
    const { executable } = compileModule(parse(text), { backend: "wide" });
    expect(executable.run(args())).toEqual(interpret(parse(text), "main", args()));
    const product = compile((a, b) => sum(matmul(a, b), { axes: 1 }), { backend: "wide" });
    expect(
      product(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([
          [1, 0],
          [2, 1],
        ]),
      ).toArray(),
    ).toEqual([7, 15]);
  });

  it("gives what the interpreter gives", () => {
    expect(checkBackend(wide, { runs: runs(80).numRuns }).changed).toBeGreaterThan(30);
  });

  it("that has to wait is awaited, and says so to who does not", async () => {
    const { executable } = await compileModuleAsync(parse(text), { backend: late });
    expect(executable.run(args())).toEqual(interpret(parse(text), "main", args()));
    expect((await compileModuleAsync(parse(text), { backend: "js" })).source).not.toBeNull();
    const error = errorOf(() => compileModule(parse(text), { backend: late }));
    expect(error.code).toBe("option");
    expect(error.message).toBe("backend 'late' cannot compile at once: write await compileModuleAsync(…)");
  });

  it("may be an object of a class, whose methods it calls as such", async () => {
    class Counting implements Backend {
      readonly name = "counting";
      readonly level = "vector";
      readonly target = wide.target;
      readonly pipeline = vectorPipeline;
      #count = 0;

      get count(): number {
        return this.#count;
      }

      isAvailable(): boolean {
        return this.#count >= 0;
      }

      compile(module: Module, options: BackendOptions): Executable {
        this.#count++;
        return executableOf(module, options);
      }
    }
    class Waiting extends Counting {
      async compileAsync(module: Module, options: BackendOptions): Promise<Executable> {
        return this.compile(module, options);
      }
    }
    const [counting, waiting] = [new Counting(), new Waiting()];
    compileModule(parse(text), { backend: counting });
    checkBackend(counting, { runs: 2 });
    await compileModuleAsync(parse(text), { backend: waiting });
    expect(counting.count).toBeGreaterThan(1);
    expect(waiting.count).toBe(1);
  });

  it("that is none, or has the name of another, is refused", () => {
    expect(messageOf(() => registerBackend({ name: "x" } as never))).toContain("got no backend, expected { name,");
    for (const name of ["auto", "interpret", "js"])
      expect(messageOf(() => registerBackend({ ...wide, name }))).toContain(`the name '${name}' is taken`);
    expect(messageOf(() => compileModule(parse(text), { backend: { ...wide, isAvailable: () => false } }))).toBe(
      "backend 'wide' cannot run here: leave the option out, or write interpret",
    );
    expect(messageOf(() => compileModule(parse(text), { backend: wide, debug: true }))).toContain(
      "debug runs in the interpreter, and backend is 'wide'",
    );
    expect(messageOf(() => compileModule(parse(text), { backend: { ...wide, level: "loop" } }))).toContain(
      "backend 'wide' has no vectors",
    );
  });
});
