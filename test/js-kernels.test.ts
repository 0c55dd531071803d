// Kernels in generated code: each once, callees first, under names of its own; and in bundles, minified or not.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { compileModule } from "../src/compile/index.ts";
import { AdjointError, type Kernel, kernel, kernelMadeBy, type Op, scalar } from "../src/ir/index.ts";
import { elementwise, emit1, parse } from "../src/ops/index.ts";
import { Functions } from "./op-cases.ts";
import { describeBuilt } from "./support/needs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const f64 = scalar("f64");

function opOf(name: string, k: Kernel): Op {
  return elementwise({
    name: `mine.${name}`,
    summary: "A test.",
    operands: ["x"],
    dtypes: "float",
    scalar: { compute: ([x]) => k.compute(x), spell: ([x], { nameOf }) => `${nameOf(k)}(${x})` },
    partials: { kind: "none", reason: "a test" },
    semantics: "A test.",
    example: { dtype: "f64", run: "@main(0) == 0" },
  });
}

/** The text and the result of applying ops one after the other. */
function run(ops: readonly Op[], x: number): { readonly source: string; readonly values: readonly unknown[] } {
  const functions = new Functions();
  functions.add("f", [f64], (v) => ops.map((op) => emit1(op, [v])));
  const [js, interpreted] = (["js", "interpret"] as const).map(
    (backend) => compileModule(functions.module(), { entry: "f", backend }).executable,
  );
  const results = [js, interpreted].map((e) => [e.scalar?.(x)].flat());
  expect(results[0]).toEqual(results[1]);
  return { source: js.source ?? "", values: results[0] };
}

describe("kernels in generated code", () => {
  const twice = kernel("twice", (x) => x + x);
  const four = kernelMadeBy("four", [twice], (double) => (x) => double(double(x)));

  it("stand once, before who calls them", () => {
    const { source, values } = run([opOf("four", four), opOf("a", twice), opOf("b", twice)], 3);
    expect(values).toEqual([12, 6, 6]);
    expect(source.match(/^const \$\w+ = /gm)).toEqual(["const $twice = ", "const $four = "]);
    expect(source.indexOf("$twice")).toBeLessThan(source.indexOf("$four"));
  });

  it("have names of their own, whatever they are called", () => {
    const other = kernel("twice", (x) => 2 * x + 1);
    const bare = [kernel("s", (x) => x - 1), kernel("eval", (x) => -x), kernel("from", (x) => x / 4)];
    const { source, values } = run(
      [twice, other, ...bare].map((k, i) => opOf(`k${i}`, k)),
      8,
    );
    expect(values).toEqual([16, 17, 7, -8, 2]);
    const names = [...source.matchAll(/^const (\$\w+) = /gm)].map((m) => m[1]);
    expect(new Set(names).size).toBe(5);
    expect(names.filter((n) => ["$s", "$m", "$args", "$from", "$to"].includes(n))).toEqual([]);
  });

  it("have the same text whenever they are written", () => {
    const ops = [opOf("four", four), opOf("a", twice)];
    expect(run(ops, 1).source).toBe(run(ops, 2).source);
  });

  it("keep their memory to themselves, made once", () => {
    const module = parse("func @f(%x: f32) -> i32 {\n  %y = bitcast %x : i32\n  return %y\n}\n");
    const { executable } = compileModule(module, { entry: "f", backend: "js" });
    expect([1, -0, Number.NaN, 1].map((x) => executable.scalar?.(x))).toEqual([
      0x3f800000,
      -(2 ** 31),
      0x7fc00000,
      0x3f800000,
    ]);
  });

  it("refuse a name that is none, and a function without text", () => {
    expect(() => kernel("a b", (x) => x)).toThrow(/kernel name 'a b' is not a name/);
    const bound = kernel("bound", ((x: number) => x).bind(null));
    expect(() => run([opOf("bound", bound)], 1)).toThrow(AdjointError);
    expect(() => run([opOf("bound", bound)], 1)).toThrow(/the kernel bound has no text here/);
  });
});

// Compiles a use of every kernel and compares with the interpreter, element by element.
const program = `
const unary = ["erf", "erfc", "erfinv", "lgamma", "digamma", "exp2", "logistic", "rsqrt", "round"];
const binary = ["pow", "copysign", "nextafter"];
const xs = [0.3, -1.7, 2.5, 0, -0, 1e300, NaN, Infinity, 40];
let count = 0;
const check = (text, args) => {
  const [js, reference] = ["js", "interpret"].map((backend) => compile(text, { backend, entry: "f" })(...args));
  if (!Object.is(js, reference)) throw new Error(text + args + ": " + js + ", expected " + reference);
  count++;
};
for (const name of [...unary, "polygamma", "bessel_i"]) {
  const order = name === "polygamma" || name === "bessel_i" ? ", order = 2" : "";
  for (const x of xs) check("func @f(%x: f64) -> f64 {\\n  %y = " + name + " %x" + order + " : f64\\n  return %y\\n}", [x]);
}
for (const name of binary) for (const x of xs) for (const y of xs)
  check("func @f(%x: f64, %y: f64) -> f64 {\\n  %z = " + name + " %x, %y : f64\\n  return %z\\n}", [x, y]);
check("func @f(%x: f32) -> i32 {\\n  %y = bitcast %x : i32\\n  %n = popcount %y : i32\\n  %p = pow %n, %n : i32\\n  return %p\\n}", [1.5]);
console.log(count);
`;
const uses = 11 * 9 + 3 * 81 + 1;

describeBuilt("kernels in bundles", () => {
  it.each([
    ["as built", null],
    ["bundled and minified", { minify: true }],
    ["bundled with names kept", { minify: true, keepNames: true }],
  ] as const)("compute what the interpreter computes, %s", (_, options) => {
    const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
    try {
      const entry = join(folder, "entry.mjs");
      writeFileSync(entry, `import { compile } from ${JSON.stringify(join(root, "dist/index.js"))};\n${program}`);
      const outfile = join(folder, "out.mjs");
      if (options !== null)
        buildSync({
          entryPoints: [entry],
          bundle: true,
          format: "esm",
          platform: "node",
          outfile,
          logLevel: "error",
          ...options,
        });
      const { stdout, stderr } = spawnSync(process.execPath, [options === null ? entry : outfile], {
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(stdout.trim()).toBe(String(uses));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
