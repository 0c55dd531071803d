// Standalone modules: imported in processes that forbid eval, they have the bits of what they were made from.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";
import { compileSource } from "../src/entry/source.ts";
import * as adjoint from "../src/index.ts";
import {
  add,
  check,
  compile,
  compileExpression,
  erf,
  exp,
  greater,
  i32,
  jit,
  matmul,
  mul,
  probe,
  sin,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** What `script` prints, where `f` is the module's one export. */
function inModule(code: string, script: string): string {
  const path = join(folder, `m${files++}.mjs`);
  writeFileSync(path, code);
  const text = `import * as all from ${JSON.stringify(path)}; const f = Object.values(all)[0]; ${script}`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", text],
    { encoding: "utf8" },
  );
  return stdout === "" ? (/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr) : stdout.trimEnd();
}

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message.replace(/^test\S+ /, "");
  }
  return "nothing thrown";
}

describe("a standalone module", () => {
  it("is the generated function itself, where that takes and gives plain numbers", () => {
    const { code, types } = compile(
      function product(a: Tensor, b: Tensor) {
        return mul(a, b);
      },
      ["f64", "f64"],
    ).toModule();
    expect(code).toContain("function product(a, b) {");
    expect(code).toMatch(/\nexport \{ product \};\n$/);
    expect(types).toBe("export declare function product(a: number, b: number): number;\n");
    expect(inModule(code, "console.log(f(15, 20))")).toBe("300");
  });

  it("gives structures as the function does", () => {
    const f = compileExpression("sin(x*y) + erf", ["x", "y"], { gradient: true, constants: { erf: 1 } });
    const { code, types } = f.toModule();
    expect(types).toBe("export declare function main(x: number, y: number): [number, [number, number]];\n");
    expect(inModule(code, "console.log(JSON.stringify(f(1, 2)))")).toBe(JSON.stringify(f(1, 2)));
    const g = compile((x: Tensor) => ({ value: sin(x), ["__proto__"]: exp(x) }), ["f64"]);
    expect(inModule(g.toModule().code, "console.log(JSON.stringify(f(1)))")).toBe(JSON.stringify(g(1)));
  });

  it("takes tensors of any size, and says which do not fit", () => {
    const layer = compile(
      function layer(x: Tensor, w: Tensor, b: Tensor) {
        return add(matmul(x, w), b);
      },
      ["f32[B, K]", "f32[K, 2]", "f32[2]"],
    );
    const { code, types } = layer.toModule();
    const [w, b] = [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [0.5, -0.5],
    ];
    const expected = layer(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      w,
      b,
    ).toArray();
    const call = (x: string, more = ""): string =>
      inModule(
        code,
        `const x = ${x}; ${more} const r = f(x, new Float32Array([1, 2, 3, 4, 5, 6]), new Float32Array([0.5, -0.5])); console.log(JSON.stringify([[...r.data], r.shape]))`,
      );
    expect(call("{ data: new Float32Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] }")).toBe(
      JSON.stringify([(expected as number[][]).flat(), [2, 2]]),
    );
    expect(call("new Float32Array(6)")).toBe("RangeError: argument 'x' leaves 2 extents open: pass { data, shape }");
    expect(call("{ data: new Float32Array(8), shape: [2, 4] }")).toBe(
      "RangeError: sizes do not fit: expected K = w.shape[0]",
    );
    expect(call("[1, 2]")).toBe("TypeError: argument 'x' is no Float32Array, and no { data, shape } with one");
    expect(types).toContain(
      "export declare function layer(x: Float32Array | { readonly data: Float32Array; readonly shape: readonly number[] }",
    );
  });

  it("takes parameters in objects and arrays, and gives them back so", () => {
    const loss = (p: { w: Tensor; layers: readonly [Tensor, Tensor] }, x: Tensor): Tensor =>
      sum(mul(mul(p.w, p.layers[0]), mul(x, p.layers[1])));
    const step = compile(
      function step(p: { w: Tensor; layers: readonly [Tensor, Tensor] }, x: Tensor) {
        const [value, [gradient]] = valueAndGrad(loss, { wrt: [0, 1] })(p, x);
        return { value, gradient };
      },
      [{ w: "f64[N]", layers: ["f64", "f64[N]"] }, "f64[N]"],
    );
    const { code, types } = step.toModule();
    const vector = "Float64Array | { readonly data: Float64Array; readonly shape: readonly number[] }";
    const out = "{ readonly data: Float64Array; readonly shape: readonly number[] }";
    expect(types).toBe(
      `export declare function step(p: { w: ${vector}; layers: [number, ${vector}] }, x: ${vector}): ` +
        `{ value: number; gradient: { w: ${out}; layers: [number, ${out}] } };\n`,
    );
    const shown =
      "console.log(JSON.stringify([r.value, [...r.gradient.w.data], r.gradient.layers[0], [...r.gradient.layers[1].data]]))";
    const args = "{ w: new Float64Array([1, 2]), layers: [3, new Float64Array([4, 5])] }, new Float64Array([6, 7])";
    const { value, gradient } = step({ w: [1, 2], layers: [3, [4, 5]] }, [6, 7]);
    const expected = [value, gradient.w, gradient.layers[0], gradient.layers[1]].map((t) =>
      typeof t === "number" ? t : t.toArray(),
    );
    expect(inModule(code, `const r = f(${args}); ${shown}`)).toBe(JSON.stringify(expected));
    // what it gives is what it takes
    expect(
      inModule(code, `const { gradient } = f(${args}); const r = f(gradient, new Float64Array(2)); ${shown}`),
    ).toMatch(/^\[0,/);
    const wrong = (given: string): string => inModule(code, `f(${given})`);
    expect(wrong(args.replace("[3,", "["))).toBe("TypeError: argument 'p.layers' is no tuple as [number, tensor]");
    expect(wrong(args.replace("w:", "v:"))).toBe(
      "TypeError: argument 'p.w' is no Float64Array, and no { data, shape } with one",
    );
    expect(wrong(args.replace("[4, 5]", "3"))).toContain("RangeError: sizes do not fit");
    expect(wrong("null, new Float64Array(2)")).toBe(
      "TypeError: argument 'p' is no object as { w: tensor; layers: [number, tensor] }",
    );
  });

  it("names the fields of any structure safely", () => {
    const keys = ["__proto__", "a b", "class", "π", '"', "x"];
    const f = compile(
      (p: Record<string, Tensor>) => Object.fromEntries(keys.map((k, i) => [k, mul(p[k], i + 1)])),
      [Object.fromEntries(keys.map((k) => [k, "f64"]))],
    );
    const { code, types } = f.toModule();
    const given = `Object.fromEntries(${JSON.stringify(keys)}.map((k) => [k, 1]))`;
    expect(inModule(code, `console.log(JSON.stringify(Object.entries(f(${given}))))`)).toBe(
      JSON.stringify(keys.map((k, i) => [k, i + 1])),
    );
    const file = ts.createSourceFile("m.d.ts", types, ts.ScriptTarget.Latest, true);
    expect((file as unknown as { parseDiagnostics: unknown[] }).parseDiagnostics).toEqual([]);
  });

  it("has kernels, constants, checks and rounding with it, in the same bits", () => {
    const f = compile(
      (x: Tensor, n: Tensor) => {
        check(greater(n, 0), "n is 'positive'\n");
        return [mul(erf(probe(x, "x")), tensor([1, -0, Number.NaN], { dtype: "f32" })), sum(x), n];
      },
      ["f32[3]", "i32"],
    );
    const { code } = compile(
      (x: Tensor, n: Tensor) => {
        check(greater(n, 0), "n is 'positive'\n");
        return [erf(probe(x, "x")), sum(x), n];
      },
      ["f32[3]", "i32"],
    ).toModule({ root: process.cwd() });
    expect(messageOf(() => f.toModule())).toContain(
      "toModule: the function reads 1 tensor from outside: pass them as arguments",
    );
    const run =
      "const r = f(new Float32Array([0.1, -2, 5]), 3); console.log(JSON.stringify([[...r[0].data], r[1], r[2]]))";
    const g = compile((x: Tensor) => [erf(x), sum(x)], ["f32[3]"]);
    const [e, s] = g(new Float32Array([0.1, -2, 5]));
    expect(inModule(code, run)).toBe(JSON.stringify([e.toArray(), s.item(), 3]));
    expect(inModule(code, run.replace("3)", "-3)"))).toMatch(
      /^Error: test\/to-module\.test\.ts:\d+:\d+ check failed: n is 'positive'$/,
    );
    expect(inModule(code, run.replace("3)", "0.5)"))).toBe("TypeError: argument 'n' is not a number of i32");
  });

  it("is the same to the byte each time, without imports or eval, and its types are TypeScript", () => {
    const make = () =>
      compile(
        (x: Tensor, y: Tensor) => valueAndGrad((a: Tensor, b: Tensor) => sum(mul(sin(a), b)), { wrt: [0, 1] })(x, y),
        ["f64[N]", "f64[N]"],
      ).toModule();
    const [a, b] = [make(), make()];
    expect(a).toEqual(b);
    expect(a.code).not.toMatch(/\bimport\b|\beval\b|\bFunction\b/);
    const file = ts.createSourceFile("m.d.ts", a.types, ts.ScriptTarget.Latest, true);
    expect((file as unknown as { parseDiagnostics: unknown[] }).parseDiagnostics).toEqual([]);
    expect(a.types).toContain(": [number, [{ readonly data: Float64Array;");
    const f = jit((x: Tensor) => mul(x, 2));
    f(i32(3));
    expect(f.toModule().types).toBe("export declare function main(x: number): number;\n");
  });

  it("says what it cannot hold", () => {
    const noCode = compile((x: Tensor) => x, ["f64"], { backend: "interpret" });
    expect(messageOf(() => noCode.toModule())).toBe(
      '@main: toModule: there is no generated code: compile with backend: "js"',
    );
    const chosen = jit((x: Tensor, how: string) => (how === "twice" ? add(x, x) : x));
    chosen(tensor([1]), "twice");
    expect(messageOf(() => chosen.toModule())).toBe(
      "@main: toModule: the arguments hold a part that is no tensor and has none: let the function take it from outside",
    );
    const named = compile((x: Tensor) => ({ x, how: "twice" }), ["f64"]);
    expect(messageOf(() => named.toModule())).toBe(
      "@main: toModule: the results hold a part that is no tensor and has none: leave it out",
    );
  });
});

describe("places in a standalone module", () => {
  /** A function whose module has comments and messages with places, made by code in `directory`. */
  function moduleIn(directory: string, options: object = {}): string {
    const text = `return adjoint.compile((x) => {
      adjoint.check(adjoint.greater(adjoint.sum(x), 0), "the sum is positive");
      return adjoint.take(x, adjoint.cast(x, "i32"));
    }, ["f64[N]"]).toModule(options).code;\n//# sourceURL=${directory}/model/net.js`;
    return new Function("adjoint", "options", text)(adjoint, options) as string;
  }

  it("name nothing of the machine, so that two checkouts give the same bytes", () => {
    const [one, two] = ["/home/one/work", "/srv/two"].map((directory) => moduleIn(directory));
    expect(one).toBe(two);
    expect(one).not.toMatch(/net\.js|\/home|\/srv/);
    expect(one).toMatch('"check failed: the sum is positive"');
  });

  it("are those below the root that is named", () => {
    const roots = ["/home/one/work", "/srv/two/", "file:///srv/three"];
    const texts = ["/home/one/work", "/srv/two", "/srv/three"].map((directory, i) =>
      moduleIn(directory, { root: roots[i] }),
    );
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toMatch(/"model\/net\.js:\d+:\d+ check failed: the sum is positive"/);
    expect(texts[0]).toMatch(/\/\/ model\/net\.js:\d+\n/);
    expect(moduleIn("/elsewhere", { root: "/srv" })).not.toMatch("net.js");
  });

  it("stay where a text was given its name", () => {
    const { code } = compileSource("export function f(a: Float64Array) { return a[3]; }", { file: "a.ts" }).toModule();
    expect(code).toMatch("a.ts:1");
  });

  it("ask for a whole path", () => {
    expect(messageOf(() => moduleIn("/a", { root: "here" }))).toMatch(`option 'root' is "here", expected a whole path`);
    expect(messageOf(() => moduleIn("/a", { rot: "/" }))).toMatch("did you mean root?");
  });
});
