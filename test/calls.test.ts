// How functions are called: generated bindings and general code do the same, whatever is passed.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Annotation,
  add,
  compile,
  compileExpression,
  f32,
  Graph,
  grad,
  jit,
  mul,
  Session,
  sin,
  sum,
  Tensor,
  type TracedFunction,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
} from "../src/index.ts";
import { AdjointError, type NdArray, type Type, tensorType } from "../src/ir/index.ts";
import { annotationsOf, argumentsOf, callPlans, callPrograms, functionOf } from "./support/call-programs.ts";
import { errorOf, messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";
import { untyped } from "./support/untyped.ts";

afterEach(() => vi.restoreAllMocks());

/** A result down to its bits: what is a number, what a tensor, of which type, and whether a gradient flows through it. */
function encoded(x: unknown): unknown {
  if (x instanceof Tensor)
    return { dtype: x.dtype, shape: x.shape, data: [...x.data()].map(encoded), tracks: x.requiresGrad };
  if (typeof x === "number") return Object.is(x, -0) ? "-0" : String(x);
  if (Array.isArray(x)) return x.map(encoded);
  if (ArrayBuffer.isView(x)) return [x.constructor.name, ...(x as Float64Array)].map(encoded);
  if (typeof x === "object" && x !== null) return Object.entries(x).map(([key, part]) => [key, encoded(part)]);
  return x;
}

function outcome(body: () => unknown): unknown {
  try {
    return encoded(body());
  } catch (error) {
    return error instanceof AdjointError ? [error.code, error.reason] : String(error);
  }
}

/** The function compiled for types that only the run knows. */
function compiled(fn: TracedFunction, types: readonly Annotation[], options: object = {}): AnyFunction {
  return (compile as unknown as (...args: readonly unknown[]) => AnyFunction)(fn, types, options);
}

interface AnyFunction {
  (...args: readonly unknown[]): unknown;
  into(...args: readonly unknown[]): unknown;
}

function isRefused(given: unknown): boolean {
  return Array.isArray(given) && given[0] === "argument";
}

/** How often general code reads the elements of a tensor, which bindings do not: they take what is at hand. */
function readsOf(body: () => unknown): number {
  const read = vi.spyOn(Tensor.prototype, "array");
  body();
  const { length } = read.mock.calls;
  read.mockRestore();
  return length;
}

describe("bindings and general code", () => {
  it.each(["js", "wasm"] as const)("agree on compiled functions: %s", (backend) => {
    fc.assert(
      fc.property(callPrograms(false), fc.array(callPlans, { minLength: 1, maxLength: 3 }), (program, plans) => {
        const types = annotationsOf(program);
        const bound = compiled(functionOf(program), types, { backend });
        const general = compiled(functionOf(program), types, { backend: "interpret" });
        // each form three times, in turn with the others
        for (const plan of [...plans, ...plans, ...plans]) {
          const args = argumentsOf(program, plan);
          expect(outcome(() => bound(...args))).toEqual(outcome(() => general(...args)));
        }
      }),
      runs(150),
    );
  });

  it.each(["js", "wasm"] as const)(
    "agree on functions compiled when they are called, and say the same: %s",
    (backend) => {
      fc.assert(
        fc.property(callPrograms(true), fc.array(callPlans, { minLength: 1, maxLength: 3 }), (program, plans) => {
          const bound = jit(functionOf(program), { backend });
          const general = jit(functionOf(program), { backend: "interpret" });
          for (const plan of [...plans, ...plans, ...plans]) {
            const args = argumentsOf(program, plan);
            expect(outcome(() => bound(...args))).toEqual(outcome(() => general(...args)));
          }
          const compiled = (f: typeof bound): unknown =>
            f.compilations.map(({ milliseconds: _, backend: __, ...told }) => told);
          expect(compiled(bound)).toEqual(compiled(general));
        }),
        runs(80),
      );
    },
  );

  it("write the same to arrays of the caller's", () => {
    fc.assert(
      fc.property(callPrograms(false), fc.array(callPlans, { minLength: 1, maxLength: 2 }), (program, plans) => {
        const types = annotationsOf(program);
        const bound = compiled(functionOf(program), types);
        const general = compiled(functionOf(program), types, { backend: "interpret" });
        for (const plan of [...plans, ...plans, ...plans]) {
          const right = { ...plan, wrong: null };
          const results = general(...argumentsOf(program, { ...right, ways: ["tensor"] }));
          const args = argumentsOf(program, right);
          const got = outcome(() => bound.into(memoryFor(results, 0), ...args));
          expect(got).toEqual(outcome(() => general.into(memoryFor(results, 0), ...args)));
          // a flat array for two open extents is refused by both
          if (!isRefused(outcome(() => general(...args)))) expect(got).toEqual(encoded(memoryFor(results, 1)));
        }
      }),
      runs(80),
    );
  });

  it("agree on what is wrong with the arrays that are written to", () => {
    const fns = (["js", "interpret"] as const).map((backend) =>
      compile((x: Tensor, y: Tensor) => ({ s: sum(x), p: [mul(x, y)] }), ["f32[N]", "f32[N]"], { backend }),
    );
    const [x, y] = [new Float32Array([1, 2]), new Float32Array([3, 4])];
    const right = (): { s: Float32Array; p: Float32Array[] } => ({ s: new Float32Array(1), p: [new Float32Array(2)] });
    const shared = new Float32Array(3);
    const wrong: readonly (readonly [unknown, string])[] = [
      [undefined, "@main: into: the results: got undefined, expected an object with s and p"],
      [{ s: right().s }, "@main: into: the results: got an object with s, expected an object with s and p"],
      [{ ...right(), s: 0 }, "@main: into: result s is 0, expected a Float32Array of 1 element"],
      [
        { ...right(), s: new Float64Array(1) },
        "@main: into: result s is a Float64Array, expected a Float32Array of 1 element",
      ],
      [{ ...right(), p: [new Float32Array(3)] }, "@main: into: result p at [0] has 3 elements, expected 2"],
      [
        { ...right(), p: [x] },
        "@main: into: result p at [0] shares memory with an argument: pass a copy of the argument",
      ],
      [
        { s: shared.subarray(1, 2), p: [shared.subarray(0, 2)] },
        "@main: into: result p at [0] shares memory with another: pass arrays of their own",
      ],
    ];
    for (const f of fns) {
      for (let i = 0; i < 3; i++)
        expect(f.into(right(), x, y)).toEqual({ s: new Float32Array([3]), p: [new Float32Array([3, 8])] });
      for (const [results, message] of wrong) expect(messageOf(() => f.into(results as never, x, y))).toBe(message);
      expect(messageOf(() => untyped(f.into)(right(), x))).toBe(
        "@main: got 1 argument, expected 2: it takes x: f32[N], y: f32[N]",
      );
      expect([...x, ...y]).toEqual([1, 2, 3, 4]);
    }
  });

  /** Typed arrays of the size of results, in their structure: of zeros, or of the results' own elements. */
  function memoryFor(x: unknown, times: 0 | 1): unknown {
    if (x instanceof Tensor) return times === 1 ? x.data() : x.data().fill(0);
    if (Array.isArray(x)) return x.map((part) => memoryFor(part, times));
    if (typeof x !== "object" || x === null) return x;
    return Object.fromEntries(Object.entries(x).map(([key, part]) => [key, memoryFor(part, times)]));
  }
});

describe("a binding", () => {
  const square = (x: Tensor): Tensor => mul(x, x);
  const x = tensor([1, 2, 3]);

  it.each([
    ["a compiled function", compile(square, ["f64[N]"]), [x]],
    ["one of structures", compile((p: { w: Tensor }) => ({ w: mul(p.w, 2) }), [{ w: "f64[3]" }]), [{ w: x }]],
    ["a module", compile("func @f(%x: f64[3]) -> f64[3] {\n  %y = add %x, %x : f64[3]\n  return %y\n}\n"), [x]],
    ["jit", jit((p: { w: Tensor; kind: string }) => mul(p.w, 3)), [{ w: x, kind: "relu" }]],
    ["grad", grad((p: Tensor) => sum(mul(p, p))), [x]],
    ["valueAndGrad", valueAndGrad((p: Tensor) => sum(mul(p, p))), [x]],
    ["vmap", vmap(square), [x]],
    ["vjp", vjp(square), [[x], x]],
    ["WebAssembly", compile(square, ["f64[N]"], { backend: "wasm" }), [x]],
    [
      "structures in WebAssembly",
      jit((p: { w: Tensor; k: string }) => [mul(p.w, 3)], { backend: "wasm" }),
      [{ w: x, k: "" }],
    ],
  ] as const)("serves %s from the third call on", (_, f, args) => {
    const call = (): unknown => (f as (...args: readonly unknown[]) => unknown)(...args);
    const first = encoded(call());
    call();
    expect(readsOf(call)).toBe(0);
    expect(encoded(call())).toEqual(first);
  });

  it("is there for each of a few forms that come in turn", () => {
    const f = jit((a: Tensor, b: Tensor) => mul(a, b));
    const forms = [
      [x, x],
      [x, tensor([1, 2, 3], { dtype: "f64", shape: [3] })],
      [tensor([[1, 2]]), tensor(3)],
      [x, 2],
    ];
    for (let i = 0; i < 3; i++) for (const form of forms) untyped(f)(...form);
    expect(readsOf(() => forms.forEach((form) => void untyped(f)(...form)))).toBe(0);
  });

  it("counts its calls, and says which version served the last one", () => {
    const f = jit((a: Tensor) => [a]);
    for (let i = 0; i < 4; i++) f(x);
    f(tensor([[1]]));
    for (let i = 0; i < 3; i++) f(x);
    expect(f.signature.arguments).toEqual([tensorType("f64", [3])]);
    f(true);
    expect(f.compilations.map(({ call }) => call)).toEqual([1, 5, 9]);
  });

  it("tells apart what the function can: the order of keys, and an argument that is undefined", () => {
    const values = jit((p: Record<string, Tensor>) => Object.values(p));
    const count = jit((...xs: unknown[]) => add(tensor(0), xs.length));
    for (let i = 0; i < 4; i++) {
      expect(values({ a: 1, b: 2 })).toEqual([1, 2]);
      expect(count(1)).toBe(1);
    }
    expect(values({ b: 2, a: 1 })).toEqual([2, 1]);
    expect(count(1, undefined)).toBe(2);
    const named = compile((p: { a: Tensor; b: Tensor }) => [p.a, p.b], [{ a: "f64", b: "f64" }]);
    for (let i = 0; i < 4; i++) expect(named({ b: 2, a: 1 })).toEqual([1, 2]);
  });

  it("leaves to general code what has a gradient, is traced or is called in a trace", () => {
    const f = compile(square, ["f64[3]"]);
    const g = jit(square);
    for (let i = 0; i < 4; i++) [f, g].forEach((h) => void untyped(h)(x));
    const leaf = tensor([1, 2, 3], { requiresGrad: true });
    sum(add(f(leaf), g(leaf))).backward();
    expect(leaf.grad?.toArray()).toEqual([4, 8, 12]);
    expect(compile((y: Tensor) => add(f(y), g(y)), ["f64[3]"])(x).toArray()).toEqual([2, 8, 18]);
    const ir = compile((y: Tensor) => add(g(x), y), ["f64[3]"]).ir;
    expect(ir).toContain("mul");
    const graph = new Graph();
    const p = graph.placeholder("f64", { shape: [3], name: "p" });
    const squared = f(p);
    expect(new Session(graph).run(squared, { p: x })).toBeInstanceOf(Tensor);
  });

  it("reads captured tensors, whose gradient flows where they have one", () => {
    const w = tensor([1, 2, 3], { requiresGrad: true });
    const f = compile((y: Tensor) => sum(mul(y, w)), ["f64[3]"]);
    for (let i = 0; i < 4; i++) f(x).backward();
    expect(w.grad?.toArray()).toEqual([4, 8, 12]);
  });

  it.each(["js", "wasm"] as const)("has errors of generated code at the user's line: %s", (backend) => {
    const f = compile((y: Tensor, i: Tensor) => y.at(i), ["f64[3]", "i32"], { backend });
    const [good, bad] = [tensor(1, { dtype: "i32" }), tensor(7, { dtype: "i32" })];
    const general = errorOf(() => f(x, bad));
    for (let i = 0; i < 4; i++) f(x, good);
    const bound = errorOf(() => f(x, bad));
    expect([bound.code, bound.reason]).toEqual([general.code, general.reason]);
    expect([bound.origin?.file, bound.origin?.line]).toEqual([general.origin?.file, general.origin?.line]);
  });
});

describe("numbers and tensors", () => {
  const loss = (a: Tensor, b: Tensor): unknown => ({ loss: sum(mul(a, b)), both: mul(a, [1, 2].length) });

  it("give numbers for rank 0 where numbers come in, and tensors where a tensor or array does", () => {
    for (const f of [compile(loss, ["f64", "f64"]), jit(loss)]) {
      for (let i = 0; i < 4; i++) {
        expect(f(2, 3)).toEqual({ loss: 6, both: 4 });
        const one = untyped(f)(tensor(2), 3) as { loss: Tensor; both: Tensor };
        expect([one.loss, one.both].map((t) => [t instanceof Tensor, t.item()])).toEqual([
          [true, 6],
          [true, 4],
        ]);
      }
    }
    expect(jit(() => add(tensor(1), 1))()).toBe(2);
    expect(jit((x: Tensor) => [sum(x), x])(3)).toEqual([3, 3]);
    const [total, whole] = jit((x: Tensor) => [sum(x), add(x, [1].length)])([1, 2]) as Tensor[];
    expect([total.item(), whole.toArray()]).toEqual([3, [2, 3]]);
    expect(compile((x: Tensor) => add(tensor([1, 2]), x), ["f64"])(1).toArray()).toEqual([2, 3]);
    expect(untyped(compile((x: Tensor) => x, ["f64"]))(new Float64Array([5]))).toBeInstanceOf(Tensor);
  });

  it("give what a session is fed, and numbers from expressions", () => {
    const graph = new Graph();
    const p = graph.placeholder("f64", { name: "p", shape: [] });
    const v = graph.variable(3, { name: "v" });
    const session = new Session(graph);
    expect(session.run([p, v], { p: 2 })).toEqual([2, 3]);
    expect(session.run(v)).toBe(3);
    expect(session.run([p], { p: tensor(2) })).toEqual([expect.any(Tensor)]);
    expect(compileExpression("x * y", ["x", "y"])(tensor(2), 3)).toBe(6);
  });

  it("are numbers to JavaScript where they are known, of rank 0, and without a gradient", () => {
    const t = sum(tensor([1, 2.5])) as unknown as number;
    expect([`loss ${t}`, "loss ".concat(t as unknown as string), t < 4, t + 1, t * 2, -t, Math.sin(t)]).toEqual([
      "loss 3.5",
      "loss 3.5",
      true,
      4.5,
      7,
      -3.5,
      Math.sin(3.5),
    ]);
    expect(Number(tensor(true) as unknown as boolean)).toBe(1);
    const tracked = mul(tensor(2, { requiresGrad: true }), 3) as unknown as number;
    expect(errorOf(() => tracked * 2).code).toBe("primitive");
    expect(errorOf(() => (tensor([1]) as unknown as number) * 2).code).toBe("primitive");
    expect(errorOf(() => jit((x: Tensor) => mul(x, -(x as unknown as number)))(1)).code).toBe("primitive");
  });
});

describe("a tensor", () => {
  it("is immutable, and says so", () => {
    const t = tensor([1, 2]) as unknown as Record<string, unknown>;
    for (const key of ["0", "1", "7", "length", "foo"])
      expect(messageOf(() => void (t[key] = 5))).toMatch(
        /^a tensor f64\[2\] was assigned to at .*, and tensors are immutable/,
      );
    for (const key of ["shape", "dtype", "type", "rank", "traced", "grad"]) expect(() => void (t[key] = 5)).toThrow();
    expect(messageOf(() => t[1])).toMatch("asked for [1], as arrays are");
    expect([t.foo, "foo" in t]).toEqual([undefined, false]);
    expect(tensor([1, 2]) instanceof Object).toBe(true);
  });

  it("copies what it is made of", () => {
    const buffer = Buffer.from([1, 2, 3]);
    const floats = new Float32Array([1, 2]);
    const [fromBuffer, fromFloats] = [tensor(buffer), tensor(floats)];
    buffer[0] = 9;
    floats[0] = 9;
    expect([fromBuffer.toArray(), fromFloats.toArray()]).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
    expect(tensor(floats, { shape: [2, 1] }).toArray()).toEqual([[9], [2]]);
  });

  it("is carried by structuredClone, and made again of what arrives", () => {
    for (const t of [
      tensor([
        [1, -0],
        [NaN, 3],
      ]),
      tensor([true, false]),
      tensor(5, { dtype: "u8" }),
      tensor([]),
    ]) {
      const clone = structuredClone(t);
      expect(clone).not.toBeInstanceOf(Tensor);
      expect(encoded(tensor(clone))).toEqual(encoded(t));
    }
    expect(tensor(tensor([1, 2], { requiresGrad: true })).requiresGrad).toBe(false);
    expect(encoded(tensor(tensor([1.5]), { dtype: "f32", shape: [] }))).toEqual(encoded(f32(1.5)));
    expect(() => compile((x: Tensor) => structuredClone(x), ["f64"])).toThrow(/could not be cloned/);
    for (const elements of [
      null,
      5,
      {},
      { dtype: "f64", shape: [2], data: [1, 2] },
      { dtype: "f65", shape: [], data: new Float64Array(1) },
    ])
      expect(messageOf(() => tensor({ elements } as unknown as Tensor))).toMatch(
        /^the data is an object with elements/,
      );
    expect(errorOf(() => compile((x: Tensor) => tensor(x), ["f64"])).code).toBe("primitive");
  });

  /** The extents of nested arrays; null where they differ beside each other, or hold something else than numbers. */
  function extentsOf(x: unknown): readonly number[] | null {
    if (typeof x === "number" || typeof x === "boolean") return [];
    if (!Array.isArray(x)) return null;
    const parts = Array.from(x, extentsOf);
    const [first = []] = parts;
    return parts.every((p) => p?.join() === first?.join()) && first !== null ? [x.length, ...first] : null;
  }

  it("is made of regular nested arrays, and of no others", () => {
    const row = fc.array(fc.oneof(fc.double(), fc.constant(-0)), { maxLength: 3 });
    const odd = fc.constantFrom<unknown>([true], ["1"], [[1], 2], new Array(1), 5, null);
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 6, arbitrary: row }, odd), { minLength: 1, maxLength: 3 }),
        fc.constantFrom("f64", "f32"),
        (data, dtype) => {
          const shape = extentsOf(data);
          const made = outcome(() => tensor(data as number[][], { dtype }));
          const round = (e: unknown): unknown => encoded(dtype === "f32" ? Math.fround(Number(e)) : Number(e));
          if (shape === null) expect(["argument", "shape", "dtype"]).toContain((made as readonly string[])[0]);
          else expect(made).toEqual({ dtype, shape, data: data.flat(9).map(round), tracks: false });
        },
      ),
      runs(300),
    );
  });
});

// ---- another place for elements -------------------------------------------------------------------------------------

/** Elements that come to the host when they are asked for, and count how often. */
class Elsewhere {
  readonly type: Type;
  fetched = 0;
  readonly #array: NdArray;

  constructor(array: NdArray) {
    this.#array = array;
    this.type = tensorType(array.dtype, array.shape);
  }

  toHost(): NdArray {
    this.fetched++;
    return this.#array;
  }
}

describe("elements that are somewhere else", () => {
  const away = (data: number | number[]): { readonly t: Tensor; readonly state: Elsewhere } => {
    const state = new Elsewhere(tensor(data).array("a test"));
    return { t: new Tensor(state), state };
  };
  const double = (x: Tensor): Tensor => add(x, x);
  const [bound, eager] = [compile(double, ["f64[2]"]), jit(double)];
  for (let i = 0; i < 3; i++) [bound, eager].forEach((f) => void untyped(f)(tensor([1, 2])));
  const captures = (w: Tensor): unknown => compile((x: Tensor) => mul(x, w), ["f64[2]"])([1, 1]);
  const graph = new Graph();
  const p = graph.placeholder("f64", { shape: [2], name: "p" });
  const q = mul(p, 2);
  const session = new Session(graph);

  it.each<readonly [string, (t: Tensor) => unknown]>([
    ["data", (t) => t.data()],
    ["toArray", (t) => t.toArray()],
    ["toString", (t) => t.toString()],
    ["an eager op", (t) => mul(t, 2)],
    ["detach", (t) => t.detach()],
    ["structuredClone", (t) => tensor(structuredClone(t))],
    ["tensor", (t) => tensor(t)],
    ["a compiled function", (t) => bound(t)],
    ["into", (t) => bound.into(new Float64Array(2), t)],
    ["jit", (t) => eager(t)],
    ["grad", (t) => grad((x: Tensor) => sum(mul(x, x)))(t)],
    ["vmap", (t) => vmap((x: Tensor) => sin(x))(t)],
    ["a captured tensor", captures],
    ["a structure", (t) => compile((x: { w: Tensor }) => x, [{ w: "f64[2]" }])({ w: t })],
    ["a feed", (t) => session.run(q, { p: t })],
    [
      "a loss",
      (t) => {
        const w = tensor([1, 2], { requiresGrad: true });
        sum(mul(w, t)).backward();
        return w.grad;
      },
    ],
  ])("come for %s, once", (_, use) => {
    const { t, state } = away([1.5, -2]);
    expect([t.dtype, t.shape, t.rank, t.size, t.traced, state.fetched]).toEqual(["f64", [2], 1, 2, null, 0]);
    const want = encoded(use(tensor([1.5, -2])));
    expect(encoded(use(t))).toEqual(want);
    expect(encoded(use(t))).toEqual(want);
    expect(state.fetched).toBe(1);
  });

  it("come for a number", () => {
    const { t, state } = away(2);
    expect([t.item(), (t as unknown as number) * 2, `${t}`, state.fetched]).toEqual([2, 4, "2", 1]);
  });

  it("are at hand for bindings from then on", () => {
    const { t } = away([1, 2]);
    bound(t);
    expect(readsOf(() => bound(t))).toBe(0);
  });
});

describe("into", () => {
  it("allocates nothing", () => {
    const f = compile((x: Tensor, y: Tensor) => ({ p: mul(x, y), s: [add(x, 1)] }), ["f32[4]", "f32[4]"]);
    const [x, y] = [1, 2].map((k) => f32([k, k, k, k]));
    const out = { p: new Float32Array(4), s: [new Float32Array(4)] };
    const grown = (): number => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 200_000; i++) f.into(out, x, y);
      return process.memoryUsage().heapUsed - before;
    };
    // The first calls run unoptimised, where numbers are objects; how many of them there are depends on when the machine
    // has time to optimise. A call that allocates shows millions of bytes in every round; the measurement itself takes a few.
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 50 && least > 40_000; round++) least = Math.min(least, grown());
    expect(least).toBeLessThan(40_000);
    expect(out).toEqual({ p: new Float32Array(4).fill(2), s: [new Float32Array(4).fill(2)] });
  });
});
