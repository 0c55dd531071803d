// Functions of the host that a text of TypeScript calls by name: values, derivatives, arrays, modules and refusals.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  cast,
  customJvp,
  exp,
  grad,
  greater,
  jit,
  matmul,
  mul,
  neg,
  pow,
  softmax,
  sub,
  sum,
  type Tensor,
  tensor,
} from "../src/index.ts";
import { compileProgram, compileSource, readSource, type SourceOptions } from "../src/source/index.ts";
import { errorOf } from "./support/errors.ts";

const weights = tensor([1, 10, 100]);
const functions = {
  kernel: (x: Tensor) => exp(neg(mul(x, x))),
  scale: (x: Tensor, by: Tensor | number = 3) => mul(x, by),
  total: (xs: Tensor) => sum(xs),
  twice: (xs: Tensor) => mul(xs, 2),
  single: (xs: Tensor) => cast(xs, "f32"),
  whole: (xs: Tensor) => cast(xs, "i32"),
  isBig: (x: Tensor) => greater(x, 1),
  weigh: (xs: Tensor) => sum(mul(xs, weights)),
  first: (xs: Tensor) => softmax(xs),
  count: (xs: Tensor) => xs.shape[0],
  four: () => 4,
  sevenfold: customJvp(
    (x: Tensor) => mul(x, x),
    ([x], [t]) => [mul(x as Tensor, x as Tensor), mul(t as Tensor, 7)],
  ),
  compiled: jit((x: Tensor) => mul(x, x)),
  cubed: compileSource("export function cubed(x: number) { return x * x * x; }"),
};

function code(body: string, parameters = "x: number"): string {
  return `export function f(${parameters}) { ${body.includes("return") ? body : `return ${body};`} }`;
}

function f(body: string, parameters?: string, options: SourceOptions = {}) {
  return compileSource(code(body, parameters), { functions, ...options });
}

describe.each(["js", "interpret"] as const)("functions of the host on %s", (backend) => {
  const slope = (body: string, parameters?: string) => f(body, parameters, { backend, gradient: true });

  it("take and give numbers, booleans and arrays", () => {
    expect(f("kernel(x) + 1", undefined, { backend })(0)).toBe(2);
    expect(f("isBig(x) && !isBig(x - 1)", undefined, { backend })(2)).toBe(true);
    expect(f("scale(x) + scale(x, 2) + four()", undefined, { backend })(1)).toBe(9);
    expect(f("twice(xs)", "xs: number[]", { backend })([1, 2])).toEqual(new Float64Array([2, 4]));
    expect(f("single(xs)", "xs: number[]", { backend })([1, 0.1])).toEqual(new Float32Array([1, 0.1]));
    expect(f("[whole(xs), whole([x, 2.5])]", "xs: number[], x: number", { backend })([1.5], 3)).toEqual([
      new Int32Array([1]),
      new Int32Array([3, 2]),
    ]);
    expect(f("new Float64Array(count(xs))", "xs: number[]", { backend })([1, 2])).toEqual(new Float64Array(2));
    expect(f("weigh(xs)", "xs: number[]", { backend })([3, 2, 1])).toBe(123);
  });

  it("give arrays of the text's own", () => {
    const body = "const ys = same(xs); ys[0] = 9; return [xs[0], ys[0]];";
    const same = { same: (xs: Tensor) => xs };
    expect(compileSource(code(body, "xs: number[]"), { functions: same, backend })([1])).toEqual([1, 9]);
  });

  it("are called in loops and branches, and differentiated there", () => {
    const loop = "let s = 0; for (let i = 0; i < xs.length; i++) { if (isBig(xs[i])) s += cubed(xs[i]); } return s;";
    expect(slope(loop, "xs: number[]")([1, 2, 3])).toEqual([35, [[0, 12, 27]]]);
    const given =
      "return twiceOf(compiled, x); } function twiceOf(g: (x: number) => number, x: number) { return g(g(x));";
    expect(slope(given)(2)).toEqual([16, [32]]);
  });

  it("keep their own rules for derivatives, under functions of any name", () => {
    expect(slope("sevenfold(x)")(2)).toEqual([4, [7]]);
    const text = "export function softmax(xs: number[]) { return first(xs)[0] + first([xs[0], 0])[1]; }";
    const [value, [gradient]] = compileSource(text, { functions, backend, gradient: true })([0, 0]);
    expect([value, ...gradient]).toEqual([1, 0, -0.25]);
  });

  it("have second derivatives", () => {
    const [, , [[second]]] = f("kernel(x)", undefined, { backend, hessian: true })(0.5);
    expect(second).toBeCloseTo((4 * 0.25 - 2) * Math.exp(-0.25), 14);
  });

  it("are what the text would be with their arithmetic, to the bit", () => {
    const host = { g: (x: Tensor, y: Tensor) => sub(mul(add(x, y), x), pow(y, 2)) };
    const own = "function g(x: number, y: number) { return (x + y) * x - y ** 2; }";
    const rest = code(
      "let s = x; for (let i = 0; i < 3; i++) s = s > 2 ? g(s, y) / 8 : g(y, s); return s;",
      "x: number, y: number",
    );
    const options = { gradient: true, backend, entry: "f" };
    const [a, b] = [compileSource(rest, { ...options, functions: host }), compileSource(own + rest, options)];
    const number = fc.double({ min: -4, max: 4, noNaN: true });
    fc.assert(
      fc.property(number, number, (x, y) => {
        expect(a(x, y)).toEqual(b(x, y));
      }),
    );
  });
});

describe("functions of the host", () => {
  it("are traced in a trace, twice with one name", () => {
    const [a, b] = [f("first([x, 1])[0]"), f("first([2 * x, 1])[0]")];
    const both = grad((x: Tensor) => add(a(x) as never, b(x) as never) as Tensor);
    const each = (g: typeof a) => (grad(g as never) as (x: number) => number)(0.5);
    expect(both(0.5)).toBeCloseTo(each(a) + each(b), 14);
  });

  it("are in modules, and in programs that are read first", () => {
    const { code: made } = f("first([kernel(x), 1])[0]", undefined, { gradient: true }).toModule();
    expect(made).not.toMatch(/import|kernel|first/);
    const own = new Function(made.replace(/^export \{ ([^ ]+).*$/m, "return $1;"))() as (x: number) => unknown;
    expect(own(0.5)).toEqual(f("first([kernel(x), 1])[0]", undefined, { gradient: true })(0.5));
    expect(compileProgram(readSource(code("kernel(x)"), { functions }))(0)).toBe(1);
  });

  it("are hidden by what is declared inside, and known to TypeScript by declare", () => {
    expect(f("const kernel = 3; return kernel;")(0)).toBe(3);
    expect(compileSource(`declare function kernel(x: number): number;\n${code("kernel(x)")}`, { functions })(0)).toBe(
      1,
    );
  });

  it("that do not fit are refused at the place of the call", () => {
    const odd = {
      nothing: () => undefined,
      matrix: () => tensor([[1]]),
      list: (x: Tensor) => [x],
      short: (xs: Tensor) => cast(xs, "u8"),
      product: (x: Tensor) => matmul(x, x),
    };
    const refused = (body: string) =>
      errorOf(() => f(body, undefined, { functions: { ...functions, ...odd } })).message;
    expect(
      [
        "kernel()",
        "kernel(x, x)",
        "scale()",
        "kernel({ a: x })",
        "kernel(kernel)",
        "kernel(...[x])",
        "kernal(x)",
        "kernel + 1",
        "kernel",
        "nothing()",
        "matrix()",
        "list(x)",
        "short([x])",
        "product(x)",
      ].map(refused),
    ).toEqual([
      "source.ts:1:39 'kernel' takes 1 argument, and gets 0",
      "source.ts:1:39 'kernel' takes 1 argument, and gets 2",
      "source.ts:1:39 'scale' takes at least 1 argument, and gets 0",
      "source.ts:1:39 'kernel': argument 1 is an object, expected a number, a boolean or an array: pass its fields one by one",
      "source.ts:1:39 'kernel': argument 1 is 'kernel' of the functions, expected a number, a boolean or an array",
      "source.ts:1:49 a spread argument is not compiled: write each argument",
      "source.ts:1:39 'kernal' is not declared: did you mean kernel?",
      "source.ts:1:46 got 'kernel' of the functions, expected a number",
      "source.ts:1:32 a function is returned: return what it gives",
      "source.ts:1:39 'nothing' gives undefined, expected a number, a boolean or a tensor of rank 0 or 1: is a return missing?",
      "source.ts:1:39 'matrix' gives f64[1, 1], expected a number, a boolean or a tensor of rank 0 or 1: return its elements in one array, as reshape(y, -1)",
      "source.ts:1:39 'list' gives an Array, expected a number, a boolean or a tensor of rank 0 or 1: write stack([…])",
      "source.ts:1:39 'short' gives u8[1], expected a number, a boolean or a tensor of rank 0 or 1: cast it to f64, f32 or i32",
      "source.ts:1:39 'product' fails: matmul: got ranks 0 and 0, expected 1 or more: write mul for a scalar",
    ]);
  });

  it("of names that are taken, and what is no function, are refused", () => {
    const refused = (given: unknown, before = "") =>
      errorOf(() => compileSource(before + code("x"), { functions: given as never })).reason;
    expect(refused({ kernel: functions.kernel }, "const kernel = 3; ")).toBe(
      "option 'functions': 'kernel' is defined by the text too: rename one of them",
    );
    expect(refused({ f: functions.kernel })).toBe(
      "option 'functions': 'f' is defined by the text too: rename one of them",
    );
    expect(refused({ Math: functions.kernel })).toBe(
      "option 'functions': 'Math' is a name of JavaScript: give it another one",
    );
    expect(refused({ k: 3 })).toBe("option 'functions': 'k' is 3, expected a function");
    expect(refused([functions.kernel])).toBe("option 'functions' is an Array, expected an object of functions by name");
    const outer = (x: Tensor) => f("k(x)", undefined, { functions: { k: (y: Tensor) => mul(x, y) } })(x) as never;
    expect(errorOf(() => grad(outer)(2)).reason).toMatch("'k' fails: a tensor of another trace is used here");
  });
});
