// What users call: tracing, calling conventions, gradients, errors.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { compileModule } from "../src/compile/index.ts";
import {
  add,
  bool,
  cast,
  compile,
  cond,
  cos,
  exp,
  f32,
  fori,
  grad,
  i32,
  less,
  matmul,
  mul,
  neg,
  parseModule,
  scan,
  sin,
  sub,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  where,
  whileLoop,
} from "../src/index.ts";
import { errorOf } from "./support/errors.ts";
import { plain } from "./support/plain.ts";
import { untyped } from "./support/untyped.ts";

describe("compile", () => {
  it("gives a plain function of numbers for c = a·b, with its IR and code", () => {
    function product(a: Tensor, b: Tensor) {
      return mul(a, b);
    }
    const f = compile(product, ["f64", "f64"]);
    expect(f(15, 20)).toBe(300);
    expect(f.ir).toContain("func @product(%a: f64, %b: f64) -> f64 {");
    expect(f.source).toContain("a * b");
    expect(f.log.entries.length).toBeGreaterThan(3);
  });

  it("gives value and gradient as one function without allocation but the tuple", () => {
    const f = compile(
      (a: Tensor, b: Tensor) => {
        const [c, [da, db]] = valueAndGrad(mul, { wrt: [0, 1] })(a, b);
        return [c, da, db];
      },
      ["f64", "f64"],
    );
    expect(f(15, 20)).toEqual([300, 20, 15]);
    expect(f.source).toMatch(/return \[\w+, b, a\]/);
  });

  it("keeps the traced structure of arguments and results", () => {
    const f = compile(
      (p: { w: Tensor; b: Tensor }, x: Tensor) => ({ y: add(mul(p.w, x), p.b), parts: [p.w] }),
      [{ w: "f64", b: "f64" }, "f64"],
    );
    expect(f({ w: 2, b: 1 }, 3)).toEqual({ y: 7, parts: [2] });
  });

  it("is one artefact for all sizes, 0 and 1 among them", () => {
    const f = compile((x: Tensor) => sum(exp(mul(x, 0.5))), ["f64[N]"]);
    for (const n of [0, 1, 5, 100]) {
      const xs = Float64Array.from({ length: n }, (_, i) => i / 10);
      expect(f(xs)).toBeCloseTo(
        xs.reduce((s, x) => s + Math.exp(x / 2), 0),
        9,
      );
    }
  });

  it("takes typed arrays, nested arrays and tensors, and gives tensors", () => {
    const f = compile((x: Tensor, y: Tensor) => matmul(x, y), ["f64[N, 2]", "f64[2, M]"]);
    const expected = [
      [19, 22],
      [43, 50],
    ];
    expect(
      f(
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ).toArray(),
    ).toEqual(expected);
    expect(f(Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8)).toArray()).toEqual(expected);
    expect(
      f(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([
          [5, 6],
          [7, 8],
        ]),
      ).data(),
    ).toEqual(Float64Array.of(19, 22, 43, 50));
  });

  it("compiles for the types of its arguments where none are given", () => {
    const f = compile((x: Tensor, y: Tensor) => add(x, y));
    expect(f(1, 2)).toBe(3);
    expect(f([1, 2], [3, 4]).toArray()).toEqual([4, 6]);
    expect(f(Float32Array.of(1, 2), f32(1)).dtype).toBe("f32");
  });

  it("reads a captured tensor at each call, never bakes it in", () => {
    const w = tensor([1, 2, 3]);
    const f = compile((x: Tensor) => sum(mul(x, w)), ["f64[3]"]);
    expect(f([1, 1, 1]).item()).toBe(6);
    expect(f.ir).not.toContain("dense");
  });

  it("compiles IR text", () => {
    const f = compile("func @twice(%x: f64) -> f64 {\n  %y = add %x, %x : f64\n  return %y\n}\n");
    expect(f(4)).toBe(8);
  });

  it("runs branches and loops", () => {
    const f = compile(
      (x: Tensor) =>
        cond(
          less(x, 0),
          () => neg(x),
          () => mul(x, 2),
        ),
      ["f64"],
    );
    expect([f(-3), f(3)]).toEqual([3, 6]);
    const g = compile(
      (x: Tensor) =>
        whileLoop(
          (v: Tensor) => less(v, 100),
          (v) => mul(v, 2),
          x,
        ),
      ["f64"],
    );
    expect(g(3)).toBe(192);
    const h = compile(
      (xs: Tensor) => scan((s: Tensor, x) => [add(s, x), add(s, x)] as const, tensor(0), xs),
      ["f64[N]"],
    );
    expect(h([1, 2, 3])[1].toArray()).toEqual([1, 3, 6]);
    const p = compile((x: Tensor) => fori(0, 5, (_i, v: Tensor) => mul(v, 2), x), ["f64"]);
    expect(p(1)).toBe(32);
  });

  it("runs without generated code as well", () => {
    const f = compile((x: Tensor) => sin(x), ["f64"], { backend: "interpret" });
    expect(f(0.5)).toBe(Math.sin(0.5));
    expect(f.source).toBeNull();
  });
});

describe("gradients", () => {
  it("are called on values", () => {
    expect(valueAndGrad(mul, { wrt: [0, 1] })(15, 20)).toEqual([300, [20, 15]]);
    expect(grad((x: Tensor) => sin(x))(0)).toBe(1);
  });

  it("nest to any order", () => {
    const f = (x: Tensor) => mul(sin(x), x);
    const third = grad(grad(grad(f)));
    expect(third(0.7)).toBeCloseTo(-3 * Math.sin(0.7) - 0.7 * Math.cos(0.7), 12);
  });

  it("reach tensors, structures and values captured from around", () => {
    const g = grad((p: { w: Tensor; b: Tensor }, x: Tensor) => sum(add(mul(p.w, x), p.b)));
    const result = g({ w: tensor([1, 2]), b: tensor([0, 0]) }, tensor([3, 4]));
    expect(result.w.toArray()).toEqual([3, 4]);
    expect(result.b.toArray()).toEqual([1, 1]);
    const h = compile((x: Tensor, y: Tensor) => grad((z: Tensor) => mul(mul(z, y), z))(x), ["f64", "f64"]);
    expect(h(3, 5)).toBe(30);
  });

  it("pass through branches, and a branch not taken never poisons one", () => {
    const g = grad((x: Tensor) =>
      cond(
        less(x, 0),
        () => mul(x, x),
        () => exp(x),
      ),
    );
    expect([g(-3), g(0)]).toEqual([-6, 1]);
    const masked = grad((x: Tensor) => where(less(x, 1), cos(x), exp(mul(x, Infinity))));
    expect(masked(0)).toBe(grad(cos)(0));
  });

  it("say why there is none", () => {
    expect(errorOf(() => grad((x: Tensor) => mul(x, 2))([1, 2])).message).toMatch(
      /gives f64\[2\], expected one float scalar/,
    );
    expect(errorOf(() => grad((x: Tensor) => x)(i32(3))).code).toBe("no-derivative");
    expect(errorOf(() => grad(sin, { wrt: 3 })(1)).message).toMatch(/wrt names argument 3/);
  });
});

describe("errors", () => {
  it("stand at the user's line when the operation is applied", () => {
    const error = errorOf(() => compile((x: Tensor) => add(x, cast(x, "f32")), ["f64"]));
    expect(error.code).toBe("dtype");
    expect(error.origin?.file).toContain("api.test.ts");
    expect(error.message).toMatch(/add: operand 1 has dtype f32, expected f64/);
  });

  it("say what to write where a tensor is used as a primitive", () => {
    const error = errorOf(() => compile((x: Tensor) => (x as unknown as number) * 2, ["f64"]));
    expect(error.code).toBe("primitive");
    expect(error.message).toContain("mul(a, b)");
    expect(`${tensor([1, 2])}`).toBe("Tensor(f64[2], [1, 2])");
  });

  it("name literals that a dtype does not have, shapes that do not fit, and tensors from elsewhere", () => {
    expect(errorOf(() => compile((x: Tensor) => add(x, 0.5), ["i32"])).code).toBe("literal");
    expect(errorOf(() => compile((x: Tensor, y: Tensor) => add(x, y), ["f64[2]", "f64[3]"])).code).toBe("shape");
    let leaked: Tensor | undefined;
    compile(
      (x: Tensor) => {
        leaked = x;
        return x;
      },
      ["f64"],
    );
    expect(errorOf(() => add(leaked as Tensor, 1)).code).toBe("scope");
    expect(errorOf(() => compile((x: Tensor) => mul(x, leaked as Tensor), ["f64"])).code).toBe("scope");
  });

  it("name wrong arguments", () => {
    const f = compile((a: Tensor, b: Tensor) => add(a, b), ["f64", "f64"]);
    expect(errorOf(() => untyped(f)(1)).message).toMatch(/got 1 argument, expected 2/);
    expect(errorOf(() => untyped(f)("1", 2)).message).toMatch(/argument 'a' of @\w+ is the string "1", expected f64/);
    const g = compile((x: Tensor) => mul(x, x), ["f64[N, 2]"]);
    expect(errorOf(() => g(Float64Array.of(1, 2, 3))).message).toMatch(/3 elements, expected a multiple of 2/);
    expect(errorOf(() => untyped(g)(Float32Array.of(1, 2))).code).toBe("argument");
  });
});

describe("concrete tensors", () => {
  it("compute at once and print their values", () => {
    expect(
      add(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        1,
      ).toArray(),
    ).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(
      tensor([1, 2])
        .sub(tensor([0.5, 1]))
        .toArray(),
    ).toEqual([0.5, 1]);
    expect(bool([true, false]).toArray()).toEqual([true, false]);
    expect(sub(tensor(3), 1).item()).toBe(2);
  });
});

describe("calls", () => {
  const f = compile((a: Tensor, b: Tensor) => add(a, b), ["f64", "f64"]);

  it("take as many arguments as were declared; undefined at the end is left out", () => {
    expect(f.length).toBe(2);
    expect([f(1, 2), untyped(f)(1, 2, undefined)]).toEqual([3, 3]);
    for (const more of [[3], [3, 4, 5], [undefined, 4], [() => 3], [{}]])
      expect(errorOf(() => untyped(f)(1, 2, ...more)).message).toMatch(
        new RegExp(`@main: got ${2 + more.length} arguments, expected 2: leave the others out, as in list.map`),
      );
    expect(errorOf(() => untyped(f)(1, undefined)).message).toMatch(
      /got 1 argument, expected 2: it takes a: f64, b: f64$/,
    );
    const g = compile((x: Tensor) => mul(x, 2), ["f64"]);
    expect(errorOf(() => [1, 2].map(g)).message).toMatch(/got 3 arguments, expected 1/);
    expect([1, 2].map((x) => g(x))).toEqual([2, 4]);
    const h = compile((x: Tensor) => mul(x, 2), ["f64[2]"]);
    expect(errorOf(() => untyped(h)([1, 2], 3)).message).toMatch(/got 2 arguments, expected 1/);
    expect(errorOf(() => untyped(compile(() => tensor(1), []))(1)).message).toMatch(/got 1 argument, expected 0/);
  });

  it("do not depend on code generation", () => {
    const slow = compile((a: Tensor, b: Tensor) => add(a, b), ["f64", "f64"], { backend: "interpret" });
    expect(slow(1, 2)).toBe(3);
    for (const args of [[1], [1, 2, 3], ["1", 2], [true, 2]])
      expect(errorOf(() => untyped(slow)(...args)).reason).toBe(errorOf(() => untyped(f)(...args)).reason);
  });

  it("say what fits an array whose other extents are 0", () => {
    const empty = compile((x: Tensor) => sum(x), ["f64[N, 0]"]);
    expect(empty([[], []]).item()).toBe(0);
    expect(empty(tensor([], { shape: [5, 0] })).item()).toBe(0);
    expect(errorOf(() => empty(new Float64Array(3))).message).toMatch(/has 3 elements, expected 0 for f64\[N, 0\]$/);
    expect(compile((x: Tensor) => sum(x), ["f64[0, 3]"])(new Float64Array(0)).item()).toBe(0);
  });
});

describe("functions compiled when they are called", () => {
  it("take strings, functions, null and undefined as they are, and compile once for each", () => {
    let traces = 0;
    const f = compile((x: Tensor, activation: string | null, by?: (x: Tensor) => Tensor) => {
      traces++;
      const y = activation === "negative" ? neg(x) : x;
      return by === undefined ? y : by(y);
    });
    const double = (x: Tensor): Tensor => mul(x, 2);
    const half = (x: Tensor): Tensor => mul(x, 0.5);
    const calls = (): unknown[] => [
      f(3, "negative"),
      f(3, null),
      f(3, null, undefined),
      f(3, "negative", double),
      f(3, "negative", half),
      f(4, "negative", half),
    ];
    expect(calls()).toEqual([-3, 3, 3, -6, -1.5, -2]);
    const before = traces;
    expect(calls()).toEqual([-3, 3, 3, -6, -1.5, -2]);
    expect([before, traces]).toEqual([5, 5]);
  });

  it("take them inside structures, and give them back there", () => {
    const f = compile((p: { w: Tensor; kind: string; none: null }) => ({ ...p, w: mul(p.w, 2) }));
    expect(f({ w: 3, kind: "relu", none: null })).toEqual({ w: 6, kind: "relu", none: null });
    expect(f({ w: 3, kind: '"]:*', none: null }).kind).toBe('"]:*');
  });

  it("differentiate with respect to the tensors beside them", () => {
    const loss = (p: { w: Tensor; kind: string }, x: Tensor, reduce: (x: Tensor) => Tensor): Tensor =>
      reduce(p.kind === "square" ? mul(mul(p.w, p.w), x) : mul(p.w, x));
    const g = grad(loss);
    expect(plain(g({ w: 3, kind: "square" }, [1, 2], sum))).toEqual({ w: 18, kind: "square" });
    expect(plain(g({ w: 3, kind: "linear" }, [1, 2], sum))).toEqual({ w: 3, kind: "linear" });
    const both = grad(loss, { wrt: [1, 0] })({ w: 3, kind: "linear" }, 2, sum);
    expect(both).toEqual([3, { w: 2, kind: "linear" }]);
  });
});

describe("arrays at a backend", () => {
  it.each(["js", "wasm", "interpret"] as const)("%s refuses those that do not fit the signature", (backend) => {
    const module = parseModule(
      "func @f<N>(%x: f64[N], %n: f64) -> f64[N] {\n  %m = broadcast %n, axes = [] : f64[N]\n  %y = add %x, %m : f64[N]\n  return %y\n}\n",
    );
    const { executable } = compileModule(module, { backend });
    const x = { dtype: "f64", shape: [2], data: Float64Array.of(1, 2) };
    const n = { dtype: "f64", shape: [], data: Float64Array.of(1) };
    const run = (...args: unknown[]) => executable.run(args as never);
    expect([...run(x, n)[0].data]).toEqual([2, 3]);
    // biome-ignore format: a table one can see
    const rows: readonly (readonly [readonly unknown[], string])[] = [
      [[x], "@f: got 1 argument, expected 2"],
      [[x, n, n], "@f: got 3 arguments, expected 2"],
      [[x, 1], "@f: argument 'n' is a number, expected an array { dtype, shape, data }"],
      [[x, null], "@f: argument 'n' is null, expected an array { dtype, shape, data }"],
      [[{ ...x, dtype: "f32" }, n], "@f: argument 'x' has other data than the Float32Array of f32"],
      [[{ ...x, dtype: "f16" }, n], "@f: argument 'x' has dtype 'f16', which is none"],
      [[{ ...x, dtype: "i32", data: Int32Array.of(1, 2) }, n], "@f: argument 'x' has dtype i32, expected f64: cast it"],
      [[{ ...x, shape: [3] }, n], "@f: argument 'x' has 2 elements, expected 3 for its shape [3]"],
      [[{ ...x, shape: [-2] }, n], "@f: argument 'x' has a shape that is no array of sizes"],
      [[{ ...x, shape: [2, 1] }, n], "@f: argument 'x' has rank 2 (shape [2, 1]), expected rank 1 as in f64[N]"],
    ];
    for (const [args, message] of rows) expect(errorOf(() => run(...args)).message).toBe(message);
  });
});

describe("where code may not be generated", () => {
  const program = `
    import { add, compile, cond, f32, fori, grad, less, mul, scan, sin, sum, tensor, valueAndGrad } from "./src/index.ts";
    const f = compile((a, b) => add(mul(a, b), a), ["f64", "f64"]);
    const out = [f(15, 20), f.source, valueAndGrad(mul, { wrt: [0, 1] })(15, 20), grad(grad(sin))(0.5)];
    out.push(compile((x) => sum(mul(x, x)), ["f32[N]"])(f32([1, 2, 3])).item(), compile((x) => add(x, 1))([1, 2]).toArray());
    out.push(fori(0, 3, (i, x) => mul(x, 2), tensor(1)).item(), cond(less(1, 2), () => tensor(5), () => tensor(6)).item());
    out.push(compile((xs) => scan((s, x) => [add(s, x), s], 0, xs), ["f64[N]"])([1, 2, 3])[0].item());
    for (const bad of [() => compile((x) => x, ["f64"], { backend: "js" }), () => f(1), () => f(1, 2, 3)]) {
      try { bad(); out.push("no error"); } catch (error) { out.push([error.code, error.reason]); }
    }
    console.log(JSON.stringify(out));`;
  const expected = (source: unknown): readonly unknown[] => [
    315,
    source,
    [300, [20, 15]],
    -Math.sin(0.5),
    14,
    [2, 3],
    8,
    5,
    6,
    [
      "option",
      "backend 'js' cannot run here, where new Function is forbidden: leave the option out, or write interpret",
    ],
    ["argument", expect.stringMatching(/^@main: got 1 argument, expected 2: it takes \w: f64, \w: f64$/)],
    ["argument", "@main: got 3 arguments, expected 2: leave the others out, as in list.map((x) => f(x))"],
  ];

  /** What the program prints with these flags, behind this text. */
  function ran(before: string, flags: readonly string[]): { readonly out: unknown; readonly said: string } {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const { outputFiles } = buildSync({
      stdin: { contents: program, resolveDir: root, loader: "ts" },
      absWorkingDir: root,
      bundle: true,
      format: "esm",
      platform: "node",
      write: false,
    });
    const input = `${before}\n${outputFiles[0].text}`;
    const child = spawnSync(process.execPath, [...flags, "--input-type=module", "-"], { input, encoding: "utf8" });
    return { out: JSON.parse(child.stdout), said: child.stderr };
  }
  const forbidden = "--disallow-code-generation-from-strings";

  it.each([
    ["the engine forbids it", "", [forbidden]],
    ["Function throws", "globalThis.Function = class { constructor() { throw new Error('forbidden'); } };", []],
  ] as const)("WebAssembly runs: %s", (_, before, flags) => {
    expect(ran(before, flags)).toEqual({ out: expected(expect.stringMatching(/^\(module/)), said: "" });
  });

  it("everything runs on the interpreter where WebAssembly may not be compiled either", () => {
    const { out, said } = ran("WebAssembly.Module = class { constructor() { throw new Error('forbidden'); } };", [
      forbidden,
    ]);
    expect(out).toEqual(expected(null));
    // once, however many functions were compiled
    expect(said).toMatch(/^Adjoint: .* functions are interpreted, .* f\.toModule\(\), .* backend: "interpret" .*\n$/);
  });

  it("whoever asks for the interpreter is not warned", () => {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const { outputFiles } = buildSync({
      stdin: {
        contents:
          'import { compile, mul } from "./src/index.ts"; console.log(compile((x) => mul(x, 2), ["f64"], { backend: "interpret" })(3));',
        resolveDir: root,
      },
      bundle: true,
      format: "esm",
      platform: "node",
      write: false,
    });
    const flags = ["--disallow-code-generation-from-strings", "--input-type=module", "-"];
    const child = spawnSync(process.execPath, flags, { input: outputFiles[0].text, encoding: "utf8" });
    expect([child.stdout, child.stderr]).toEqual(["6\n", ""]);
  });
});
