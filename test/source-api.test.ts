// compileSource and its modules: JavaScript's own values in and out, what is written to, defaults, derivatives, refusals.

import { deepStrictEqual } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";
import { grad, mul, type Tensor, tensor, vmap } from "../src/index.ts";
import { compileSource, type SourceOptions } from "../src/source/index.ts";
import { errorOf } from "./support/errors.ts";
import { evaluated } from "./support/modules.ts";

const text = `
export function scale(xs: number[], out: Float64Array, factor = 3): { total: number; ys: number[] } {
  let total = 0;
  for (let i = 0; i < xs.length; i++) {
    out[i] = xs[i] * factor;
    total += out[i];
  }
  const ys = xs.slice();
  ys[0] = total;
  return { total, ys };
}
interface Body { mass: number; v: [number, number] }
export function energy(p: Body, k: number, q: Float32Array): number {
  let sum = 0;
  for (const e of q) sum += e * e * p.mass;
  return k * p.mass * p.mass + p.v[0] * p.v[1] * p.mass + sum;
}
export function quadratic(a: number[], b: number): number {
  let sum = 0;
  for (const x of a) sum += x * x * b;
  return sum * a[0];
}
export function move(a: Float64Array, b: Float64Array, c: number[], d: number[]): void {
  a[0] = b[0] * 2;
  c[0] = d[0] + 1;
}
export function cube(x: number): number { return x * x * x; }
export function four(): number { return 4; }
export function same(x: number[]): number[] { return x; }
export function pick(p: { on: boolean; x: number }, k: number): number { return p.on ? p.x * k : k; }
export function minmax(xs: Int32Array): [number, boolean] {
  let low = Infinity;
  let any = false;
  for (const x of xs) { if (x < low) low = x; any = true; }
  return [low, any];
}
export function swap({ x, y }: { x: number; y: number }): { y: number; x: number } { return { y: x, x: y }; }
`;

function compiled(entry: string, options: SourceOptions = {}) {
  return compileSource(text, { entry, file: "a.ts", ...options });
}

/** The message without the place of the call. */
function refusal(body: () => unknown): { readonly code: string; readonly message: string } {
  const { code, reason } = errorOf(body);
  return { code, message: reason };
}

const backends = ["js", "interpret"] as const;

describe.each(backends)("a compiled function on %s", (backend) => {
  it("takes and gives numbers, booleans, arrays, tuples and objects", () => {
    const f = (entry: string) => compiled(entry, { backend });
    expect(f("cube")(3)).toBe(27);
    expect(f("four")()).toBe(4);
    expect(f("same")([1, -0, Number.NaN])).toEqual([1, -0, Number.NaN]);
    expect(f("energy")({ mass: 2, v: [3, 4] }, 5, new Float32Array([1, 2]))).toBe(54);
    expect(f("pick")({ on: false, x: 3 }, 2)).toBe(2);
    expect(f("minmax")(new Int32Array([3, -1]))).toEqual([-1, true]);
    expect(f("swap")({ x: 1, y: 2 })).toEqual({ y: 1, x: 2 });
    expect(Object.keys(f("swap")({ x: 1, y: 2 }))).toEqual(["y", "x"]);
  });

  it("leaves in the caller's arrays what it writes there, and nothing in others", () => {
    const [xs, out] = [[1, 2, 3], new Float64Array(4)];
    expect(compiled("scale", { backend })(xs, out)).toEqual({ total: 18, ys: [18, 2, 3] });
    expect([xs, out]).toEqual([[1, 2, 3], new Float64Array([3, 6, 9, 0])]);
    expect(compiled("scale", { backend })(xs, out, undefined).total).toBe(18);
    expect(compiled("scale", { backend })(xs, out, 1).total).toBe(6);
    const c = [0];
    expect(compiled("move", { backend })(out, new Float64Array([7]), c, [4])).toBeUndefined();
    expect([out[0], c]).toEqual([14, [5]]);
  });

  it("writes where the caller's array is, as far as it comes", () => {
    const text = `export function run(x: number[], ys: Float64Array, n: number): number {
      for (let i = 0; i < n; i++) {
        x[i] = 2 * x[i];
        ys[i] = x[i] + 1;
      }
      return ys[0];
    }
    export function backwards(x: number[]): void {
      const n = x.length;
      const old = x.slice();
      for (let i = 0; i < n; i++) x[i] = old[n - 1 - i];
    }
    export function exchange(x: Float64Array, y: Float64Array): number {
      const first = x[0];
      for (let i = 0; i < x.length; i++) {
        const t = x[i];
        x[i] = y[i];
        y[i] = t;
      }
      return first;
    }`;
    const of = (entry: string): ((...args: unknown[]) => unknown) =>
      compileSource(text, { entry, backend }) as unknown as (...args: unknown[]) => unknown;
    const [x, ys] = [[1, 2, 3], new Float64Array(3)];
    expect(of("run")(x, ys, 2)).toBe(3);
    expect([x, [...ys]]).toEqual([
      [2, 4, 3],
      [3, 5, 0],
    ]);
    expect(refusal(() => of("run")(x, ys, 4)).code).toBe("range");
    // the interpreter writes when all went well
    expect([x, [...ys]]).toEqual(
      backend === "js"
        ? [
            [4, 8, 6],
            [5, 9, 7],
          ]
        : [
            [2, 4, 3],
            [3, 5, 0],
          ],
    );
    const list = [1, 2, 3];
    of("backwards")(list);
    expect(list).toEqual([3, 2, 1]);
    const [a, b] = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
    expect(of("exchange")(a, b)).toBe(1);
    expect([[...a], [...b]]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    expect(refusal(() => of("backwards")([1, "a", 3])).message).toContain('has the string "a" at 1');
  });

  it("refuses one memory under two names where it is written to", () => {
    const f = compiled("move", { backend });
    const memory = new Float64Array(4);
    const [one, shared] = [[1], [1]];
    expect(refusal(() => f(memory, memory.subarray(0, 1), one, [2]))).toEqual({
      code: "argument",
      message: "move: argument 'a' is written to, and argument 'b' is the same array: pass a copy",
    });
    expect(refusal(() => f(memory.subarray(0, 2), memory.subarray(2), shared, shared)).message).toBe(
      "move: argument 'c' is written to, and argument 'd' is the same array: pass a copy",
    );
    f(memory.subarray(0, 2), memory.subarray(2), one, [2]);
    expect(one).toEqual([3]);
  });

  it("says which argument does not fit, and what to do", () => {
    const out = new Float64Array(3);
    const messages = [
      () => compiled("scale", { backend })([1, "a"], out),
      () => compiled("scale", { backend })(new Float64Array(1), out),
      () => compiled("scale", { backend })([1], [1]),
      () => compiled("scale", { backend })([1]),
      () => compiled("scale", { backend })([1], out, 2, 3),
      () => compiled("scale", { backend })([1], out, true),
      () => compiled("quadratic", { backend })([1, 2, undefined, 4], 1),
      () => compiled("energy", { backend })({ mass: 1, v: [1] }, 1, new Float32Array(1)),
      () => compiled("energy", { backend })({ mass: 1 }, 1, new Float32Array(1)),
      () => compiled("energy", { backend })({ mass: 1, v: [1, null] }, 1, new Float32Array(1)),
      () => compiled("energy", { backend })(5, 1, new Float32Array(1)),
    ].map((body) => refusal(body));
    expect(new Set(messages.map((m) => m.code))).toEqual(new Set(["argument"]));
    expect(messages.map((m) => m.message)).toEqual([
      "scale: argument 'xs' has the string \"a\" at 1, expected a number",
      "scale: argument 'xs' is a Float64Array, expected an array of numbers: declare it Float64Array to pass one",
      "scale: argument 'out' is an Array, expected a Float64Array: pass Float64Array.from(…), or declare it number[]",
      "scale: argument 'out' is missing, expected Float64Array",
      "scale: got 4 arguments, expected 3: leave the others out, as in list.map((x) => f(x))",
      "scale: argument 'factor' is true, expected a number",
      "quadratic: argument 'a' has undefined at 2, expected a number",
      "energy: argument 'p.v' has 1 element, expected [number, number]",
      "energy: argument 'p' has no field 'v', expected { mass: number; v: [number, number] }",
      "energy: argument 'p.v[1]' is null, expected a number",
      "energy: argument 'p' is 5, expected { mass: number; v: [number, number] }",
    ]);
  });

  it("gives the gradient in the shape of each parameter", () => {
    const at = [{ mass: 2, v: [3, 4] }, 5, new Float32Array([1, 2])];
    expect(compiled("energy", { backend, gradient: true })(...at)).toEqual([
      54,
      [{ mass: 37, v: [8, 6] }, 4, new Float32Array([4, 8])],
    ]);
    expect(compiled("quadratic", { backend, gradient: true })([1, 2], 3)).toEqual([15, [[21, 12], 5]]);
    expect(compiled("quadratic", { backend, gradient: true, wrt: ["b"] })([1, 2], 3)).toEqual([15, [5]]);
    expect(compiled("quadratic", { backend, gradient: true, wrt: ["b", "a"] })([1, 2], 3)[1]).toEqual([5, [21, 12]]);
    // a boolean has no derivative, what stands beside it has
    expect(compiled("pick", { backend, gradient: true })({ on: true, x: 3 }, 2)).toEqual([6, [{ x: 2 }, 3]]);
  });

  it("gives second derivatives by pairs of parameters, rows for an array by an array", () => {
    expect(compiled("cube", { backend, hessian: true })(3)).toEqual([27, [27], [[18]]]);
    expect(compiled("quadratic", { backend, hessian: true })([1, 2], 3)[2]).toEqual([
      [
        [
          [18, 12],
          [12, 6],
        ],
        [7, 4],
      ],
      [[7, 4], 0],
    ]);
    // beside a boolean, and an array of another dtype
    expect(compiled("pick", { backend, hessian: true })({ on: true, x: 3 }, 2)[2][0][1]).toEqual({ x: 1 });
    const weighed = "export function f(k: number, xs: Float32Array): number { return k * k * xs[0] * xs[0]; }";
    expect(compileSource(weighed, { backend, hessian: true })(3, new Float32Array([2]))[2]).toEqual([
      [8, new Float32Array([24])],
      [new Float32Array([24]), [new Float32Array([18])]],
    ]);
    const hessian = compiled("energy", { backend, hessian: true })(
      { mass: 2, v: [3, 4] },
      5,
      new Float32Array([1, 2]),
    )[2];
    expect(hessian[0][0]).toEqual({
      mass: { mass: 10, v: [4, 3] },
      v: [
        { mass: 4, v: [0, 2] },
        { mass: 3, v: [2, 0] },
      ],
    });
    expect(hessian[2]).toEqual([
      { mass: new Float32Array([2, 4]), v: [new Float32Array(2), new Float32Array(2)] },
      new Float32Array(2),
      [new Float32Array([4, 0]), new Float32Array([0, 4])],
    ]);
  });
});

describe("a compiled function", () => {
  it("knows its IR, its code, its log, its signature", () => {
    const f = compiled("cube");
    expect(f.ir).toContain("func @cube(%x: f64) -> f64 {");
    expect(f.source).toContain("function cube(x) {");
    expect(f.log.entries.length).toBeGreaterThan(0);
    expect(f.signature.arguments.length).toBe(1);
    expect([f.name, f.length, compiled("scale").length]).toEqual(["cube", 1, 2]);
  });

  it("takes any names, keys and arrays of other realms", () => {
    const names =
      "export function f(TypeError: number, Array: number[], $f: Float64Array) { return TypeError + Array[0] + $f[0]; }";
    const f = compileSource(names);
    const others = runInNewContext("[[2], new Float64Array([3])]") as unknown[];
    expect(f(1, ...others)).toBe(6);
    expect(f.toModule().types).toBe(
      "export declare function f(TypeError_1: number, Array_1: readonly number[], _f: Float64Array): number;\n",
    );
    const keys = compileSource(
      "export function f(p: { valueOf: number; constructor: number }) { return { toString: p.valueOf + p.constructor }; }",
    );
    expect(keys({ valueOf: 2, constructor: 3 })).toEqual({ toString: 5 });
    expect(refusal(() => keys({ valueOf: 2 })).message).toBe(
      "f: argument 'p.constructor' is a function, expected a number",
    );
  });

  it("is found by its export, wherever that stands, and whatever its type says", () => {
    const given = [
      "function f(x: number) { return x * 2; }\nfunction g(x: number) { return x; }\nexport { f };",
      "export { f };\nfunction f(x: number) { return x * 2; }\nconst g = (x: number) => x;",
      "type F = (x: number) => number;\nexport const f = ((x: number) => x * 2) satisfies F;\nfunction g() {}",
      "export const f = (((x) => x * 2) as (x: number) => number);\nexport type { A } from './a.ts';\ntype A = number;".replace(
        "(x)",
        "(x: number)",
      ),
      '"use strict";\nimport { type A } from "./a.ts";\nexport function f(this: void, x: number) { "use strict"; return x * 2; }',
      "declare const k: number;\ndeclare enum E { A }\nexport default function f(x: number): number;\nexport default function f(x: number) { return x * 2; }",
    ].map((program) => compileSource(program)(3));
    expect(given).toEqual([6, 6, 6, 6, 6, 6]);
  });

  it("takes what interfaces and types say together", () => {
    const f = compileSource(`
interface Point { readonly x: number }
interface Body extends Point { v: Vector }
interface Body { mass: N }
type N = number;
type Vector = readonly [vx: N, vy: N];
type Float32Array = number[];
export function f(p: Body & { on: boolean }, q: readonly N[], r: Float32Array, s: Float64Array<ArrayBuffer>) {
  return p.on ? p.x + p.v[0] * p.v[1] * p.mass + q[0] + r[0] + s[0] : 0;
}`);
    expect(f({ x: 1, v: [2, 3], mass: 4, on: true }, [100], [200], new Float64Array([300]))).toBe(625);
    expect(f.toModule().types).toBe(
      "export declare function f(p: { x: number; v: [number, number]; mass: number; on: boolean }, q: readonly number[], r: readonly number[], s: Float64Array): number;\n",
    );
  });

  it("is part of a trace on its tensors", () => {
    const cube = compiled("cube");
    expect([grad(cube)(3), grad(grad(cube))(3)]).toEqual([27, 18]);
    expect(vmap(cube)(tensor([1, 2])).toArray()).toEqual([1, 8]);
    const slope = compiled("cube", { gradient: true });
    expect(grad((x: Tensor) => slope(mul(x, 2))[1][0])(3)).toBe(72);
    expect(grad((x: Tensor) => compiled("quadratic")(x, 3))(tensor([1, 2])).toArray()).toEqual([21, 12]);
    const name = refusal(() => grad((x: Tensor) => compiled("move")(x, x, x, x))(tensor([1])));
    expect(name.code).toBe("scope");
  });

  it("goes for each element of a batch its own way, and reads arrays there alone", () => {
    const f = compileSource(`export function f(x: number, a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x; i++) sum += i < a.length ? a[i] : -1;
  return x < 0 ? a[1] - x : x < a.length ? sum * a[x] : sum;
}`);
    const a = tensor([10, 20, 30]);
    expect(vmap(f, { inAxes: [0, null] })(tensor([0, 1, 2, 5, -4]), a).toArray()).toEqual([0, 200, 900, 58, 24]);
    expect(vmap(grad(f), { inAxes: [0, null] })(tensor([-4, 2]), a).toArray()).toEqual([-1, 0]);
  });

  it("is refused at the text, at the options, at what has no derivative", () => {
    expect(refusal(() => compileSource(5 as unknown as string)).code).toBe("argument");
    expect(refusal(() => compiled("nope")).code).toBe("name");
    expect(refusal(() => compiled("cube", { gradients: true } as SourceOptions)).code).toBe("option");
    expect(refusal(() => compiled("cube", { wrt: ["x"] }))).toEqual({
      code: "option",
      message: "compileSource: option 'wrt' without derivatives: add gradient: true",
    });
    expect(refusal(() => compiled("cube", { gradient: true, wrt: ["y"] }))).toEqual({
      code: "argument",
      message: "cube: wrt names 'y', which is no parameter: its parameters are x",
    });
    expect(refusal(() => compiled("minmax", { gradient: true }))).toEqual({
      code: "no-derivative",
      message: "minmax gives [number, boolean], expected a number: the gradient is that of one number",
    });
    expect(refusal(() => compiled("four", { gradient: true })).code).toBe("no-derivative");
  });
});

// ---- structures -----------------------------------------------------------------------------------------------------

/** A type of the subset, and a value of it. */
interface Sample {
  readonly type: string;
  readonly value: unknown;
}

const numbers = fc.array(fc.double(), { maxLength: 5 });

function leaf(type: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> {
  return values.map((value) => ({ type, value }));
}

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf("number", fc.double()),
    leaf("boolean", fc.boolean()),
    leaf("number[]", numbers),
    leaf(
      "Float64Array",
      numbers.map((xs) => Float64Array.from(xs)),
    ),
    leaf(
      "Float32Array",
      numbers.map((xs) => Float32Array.from(xs)),
    ),
    leaf(
      "Int32Array",
      numbers.map((xs) => Int32Array.from(xs)),
    ),
    fc.array(tie("sample"), { minLength: 1, maxLength: 3 }).map((items) => ({
      type: `[${items.map((item) => item.type).join(", ")}]`,
      value: items.map((item) => item.value),
    })),
    fc
      .dictionary(fc.constantFrom("a", "b", "constructor", "toString"), tie("sample"), { minKeys: 1 })
      .map((fields) => ({
        type: `{ ${Object.entries(fields)
          .map(([key, field]) => `${key}: ${field.type}`)
          .join("; ")} }`,
        value: Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.value])),
      })),
  ),
}));

it("values of any structure come back as they went in, from code, modules and the interpreter", () => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 3 }), (samples) => {
      const names = samples.map((_, i) => `p${i}`);
      const parameters = samples.map(({ type }, i) => `p${i}: ${type}`).join(", ");
      const program = `export function f(${parameters}) { return { all: [${[...names].reverse().join(", ")}] }; }`;
      const generated = compileSource(program);
      const { code } = generated.toModule();
      const modules = [code, generated.toModule({ target: "wasm" }).code].map((text) => evaluated(text, {}, true).f);
      const args = samples.map((s) => s.value);
      const expected = { all: [...args].reverse() };
      // not toStrictEqual, which reads a field named constructor as the constructor
      for (const f of [generated, ...modules, compileSource(program, { backend: "interpret" })])
        deepStrictEqual(f(...args), expected);
    }),
    { numRuns: 60 },
  );
});

// ---- modules --------------------------------------------------------------------------------------------------------

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the lines give in a process that forbids eval, where each entry's module is imported under its name. */
function inModules(entries: Readonly<Record<string, string>>, lines: readonly string[]): readonly unknown[] {
  const imports = Object.entries(entries).map(([name, code]) => {
    const path = join(folder, `${name}.mjs`);
    writeFileSync(path, code);
    const exported = /export \{ (?:\S+ as )?(\w+) \};\n$/.exec(code)?.[1];
    return `import { ${exported} as ${name} } from ${JSON.stringify(path)};`;
  });
  const show = `const show = (body) => { try { return body() } catch (e) { return \`\${e.name}: \${e.message}\`; } };
const spell = (_, x) => ArrayBuffer.isView(x) ? [x.constructor.name, ...x] : x === undefined ? null : x;`;
  const each = lines.map((line) => `console.log(JSON.stringify(show(() => ${line}), spell));`);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--disallow-code-generation-from-strings",
      "--input-type=module",
      "--eval",
      [...imports, show, ...each].join("\n"),
    ],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("a standalone module", () => {
  it("takes and gives the same values", () => {
    const code = (entry: string, options?: SourceOptions) => compiled(entry, options).toModule().code;
    const modules = {
      scale: code("scale"),
      move: code("move"),
      cube: code("cube"),
      pick: code("pick"),
      swap: code("swap"),
      minmax: code("minmax"),
      quadratic: code("quadratic"),
      slopes: code("energy", { hessian: true }),
    };
    const given = inModules(modules, [
      "[cube(3), pick({ on: true, x: 3 }, 2), swap({ x: 1, y: 2 }), minmax(new Int32Array([3, -1]))]",
      "(() => { const out = new Float64Array(4); return [scale([1, 2, 3], out), scale([1], out, 1).total, out]; })()",
      "(() => { const c = [0]; const a = new Float64Array(1); return [move(a, new Float64Array([7]), c, [4]), a, c]; })()",
      "slopes({ mass: 2, v: [3, 4] }, 5, new Float32Array([1, 2]))[2][2][2]",
      "scale([1, , 3], new Float64Array(3))",
      "quadratic([1, 2, '3'], 1)",
      "scale([1, 2], [1, 2])",
      "pick({ on: 1, x: 3 }, 2)",
      "pick(null, 2)",
      "(() => { const a = new Float64Array(4); return move(a.subarray(0, 2), a.subarray(1), [1], [1]); })()",
      "(() => { const a = new Float64Array(4); const c = [1]; return move(a.subarray(0, 2), a.subarray(2), c, c); })()",
    ]);
    expect(given).toEqual([
      [27, 6, { y: 1, x: 2 }, [-1, true]],
      [{ total: 18, ys: [18, 2, 3] }, 1, ["Float64Array", 1, 6, 9, 0]],
      [null, ["Float64Array", 14], [5]],
      [
        ["Float32Array", 4, 0],
        ["Float32Array", 0, 4],
      ],
      "TypeError: argument 'xs' is no array of numbers: element 1 is none",
      "TypeError: a.ts:20:3 a: element 2 is no number (iteration 2)",
      "TypeError: argument 'out' is no Float64Array",
      "TypeError: argument 'p.on' is not a boolean",
      "TypeError: argument 'p' is no object as { on: boolean; x: number }",
      "TypeError: argument 'a' is written to, and argument 'b' is the same array: pass a copy",
      "TypeError: argument 'c' is written to, and argument 'd' is the same array: pass a copy",
    ]);
  });

  it("declares the user's names and types", () => {
    const types = (entry: string, options?: SourceOptions) => compiled(entry, options).toModule().types;
    expect(types("scale")).toBe(
      "export declare function scale(xs: readonly number[], out: Float64Array, factor?: number): { total: number; ys: number[] };\n",
    );
    expect(types("move")).toBe(
      "export declare function move(a: Float64Array, b: Float64Array, c: number[], d: readonly number[]): void;\n",
    );
    expect(types("quadratic", { hessian: true })).toBe(
      "export declare function quadratic(a: readonly number[], b: number): [number, [number[], number], [[number[][], number[]], [number[], number]]];\n",
    );
    expect(
      compileSource("export function f(x = 2, y: number, z = true) { return z ? x * y : x; }").toModule().types,
    ).toBe("export declare function f(x: number | undefined, y: number, z?: boolean): number;\n");
    const unnamed = compileSource("export default function (x: number): number { return x; }").toModule();
    expect(unnamed.code).toMatch(/export \{ default_1 as default \};\n$/);
    expect(unnamed.types).toBe("export default function default_1(x: number): number;\n");
    const all = ["scale", "energy", "move", "pick", "minmax", "swap"].map((entry) => types(entry)).join("");
    const { diagnostics } = ts.transpileModule(all, { reportDiagnostics: true, fileName: "a.ts" });
    expect(diagnostics).toEqual([]);
  });
});
