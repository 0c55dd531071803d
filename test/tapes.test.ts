// What loops record for their way back, and what is rematerialised instead; and that tapes, which keep their memory from
// call to call, are each call's own.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { add, compile, fori, grad, mul, probe, sin, type Tensor, tensor, whileLoop } from "../src/index.ts";
import { type Operation, walk } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { compileSource } from "../src/source/index.ts";
import { runs } from "./support/runs.ts";

/** What is pushed, in order: the names of values without their numbers; apart what loops backwards push on scratch tapes. */
function pushes(ir: string): { readonly recorded: readonly string[]; readonly scratch: readonly string[] } {
  const recorded: string[] = [];
  const scratch: string[] = [];
  for (const func of parse(ir).funcs) {
    walk(func.body, ({ op, operands: [list, ...values] }: Operation) => {
      if (op.name !== "push") return;
      const into = list.name?.startsWith("scratch") === true ? scratch : recorded;
      into.push(...values.map((v) => (v.name ?? "").replace(/_\d+$/, "")));
    });
  }
  return { recorded, scratch };
}

const example = (name: string): string =>
  readFileSync(new URL(`../examples/source/${name}.ts`, import.meta.url), "utf8");
const gradientOf = (text: string) => compileSource(text, { gradient: true });
const withHead = (body: string): string =>
  `export function f(xs: Float64Array, js: Int32Array, n: number, a: number): number {\n${body}\n}\n`;

describe("what is recorded", () => {
  it("of the mixture: what is computed from what the loops write, and no index, no count of steps that follows", () => {
    const wrt = ["alphas", "means", "icf"];
    const { ir } = compileSource(example("adbench/gmm"), { entry: "likelihood", gradient: true, wrt });
    expect(pushes(ir)).toEqual({
      // exp and its like have their result as derivative; what was largest is known when it was compared
      recorded: ["exp", "whitened", "compare", "exp", "sum", "compare", "exp", "steps"],
      scratch: ["i", "at"],
    });
  });

  it.each([
    ["loads, and products of them", "s += xs[i] * xs[i + 1] * a;"],
    ["loads through other loads", "s += xs[js[i] + 1] * xs[i] * a;"],
    ["indices divided and rounded", "s += xs[Math.floor(i / 3)] * xs[i % 4] * a;"],
    ["conditions on loads", "if (xs[i] > 0.5) s += xs[i] * a; else s += xs[i + 2] * xs[i];"],
    ["long chains from indices", "s += xs[((((i * 3 + 1) % 7) * 5 + 2) % 11) * 1 + 1] * xs[(i * 5 + 3) % 8] * a;"],
    ["a loop in the loop, its bounds, indices and steps", "for (let k = i; k < 2 * i; k += 2) s += xs[k] * xs[i] * a;"],
    [
      "a sum of steps in a loop in the loop",
      "let at = i; for (let k = 0; k < i; k++) { s += xs[at] * xs[at] * a; at += js[k]; }",
    ],
    [
      "a chain of links in a loop in the loop",
      "let at = i; for (let k = 0; k < 4; k++) { s += xs[at] * a; at = js[at]; }",
    ],
  ])("not %s", (_, statement) => {
    const text = withHead(`let s = 0;\nfor (let i = 0; i < n; i++) {\n${statement}\n}\nreturn s;`);
    expect(pushes(gradientOf(text).ir).recorded).toEqual([]);
  });

  it.each(["100", "n"])("not the index of a traced loop of %s steps, nor what it reads", (count) => {
    const loop = (x: Tensor, w: Tensor, n: Tensor): Tensor =>
      grad((y: Tensor) =>
        fori(0, count === "n" ? n : 100, (i, s: Tensor | number) => add(s, mul(y.at(i), mul(w.at(i), y.at(i)))), 0),
      )(x);
    expect(pushes(compile(loop, ["f64[N]", "f64[N]", "i32"]).ir).recorded).toEqual([]);
  });

  it("is what a loop reads from an array that it writes to, as it was then", () => {
    const text = withHead(
      "const ys = xs.slice();\nfor (let i = 1; i < n; i++) ys[i] = ys[i - 1] * ys[i] * a;\nreturn ys[1];",
    );
    expect(pushes(gradientOf(text).ir).recorded.length).toBeGreaterThan(0);
  });
});

// ---- random loops ---------------------------------------------------------------------------------------------------

const index = fc.constantFrom("i", "k", "at", "i + k", "2 * i - k", "at - i", "i * k + 1", "Math.floor(at / 2)");
const within = (e: string): string => `Math.abs(Math.floor(${e})) % xs.length`;
const bounds = fc.constantFrom("k < i", "k <= i", "k < n", "k < 2.5", "k <= n - i", "k < i * i - 1.25", "k < -1");
const ups = fc.constantFrom("k++", "k += 2", "k += 0.5", "k += a");
const downs = fc.tuple(fc.constantFrom("k > -i", "k >= 0.5", "k >= -2"), fc.constantFrom("k--", "k -= 3", "k -= 0.25"));

/** Two loops, one within the other, whose indices and terms follow from all that is not recorded, and from what is. */
const nest = fc
  .record({
    outer: fc.constantFrom("let i = 0; i < n; i++", "let i = 1; i <= n; i += 2", "let i = n; i > 0; i--"),
    inner: fc.oneof(
      fc.tuple(fc.constantFrom("0", "1", "i", "0.5", "-1", "at", "a"), bounds, ups),
      fc.tuple(fc.constantFrom("i", "3", "0.75"), downs).map(([start, [test, step]]) => [start, test, step] as const),
    ),
    start: index.filter((e) => !/k|at/.test(e)),
    read: fc.array(index, { minLength: 2, maxLength: 2 }),
    by: index,
    form: fc.constantFrom(
      "s += X * Y * a;",
      "s += Math.sin(X * y);",
      "y = y * 0.5 + X; s += y * y;",
      "s = s * 0.5 + X * Y;",
      "ys[J] += X * a; s += ys[J] * Y;",
    ),
    isBranch: fc.boolean(),
  })
  .map(({ outer, inner: [start, test, step], start: from, read: [x, y], by, form, isBranch }) => {
    const term = form
      .replaceAll("X", `xs[${within(x)}]`)
      .replaceAll("Y", `xs[${within(y)}]`)
      .replaceAll("J", within(y));
    const steps = `if (++rounds > 12) break;`;
    return withHead(`  const ys = xs.slice();
  let s = 0;
  let y = a;
  for (${outer}) {
    let at = ${from};
    let rounds = 0;
    for (let k = ${start}; ${test}; ${step}) {
      ${/a\b/.test(step) ? steps : ""}
      ${isBranch ? `if (xs[${within(x)}] > 0) { ${term} }` : term}
      at = at + ${by.replaceAll(/\bat\b/g, "1")};
    }
  }
  return s + y;`);
  });

const xs = Float64Array.from({ length: 9 }, (_, i) => Math.sin(3 * i + 1));
const js = Int32Array.from([2, 0, 1, 3, 1, 2, 0, 3, 1]);

describe("random loops in loops", () => {
  it("have the slope by differences that they have backwards, on both backends the same bits", () => {
    fc.assert(
      fc.property(nest, fc.constantFrom(0, 1, 2, 4, 5), (text, n) => {
        const plain = compileSource(text);
        const gradients = (["js", "interpret"] as const).map((backend) =>
          compileSource(text, { gradient: true, backend, wrt: ["xs"] })(xs, js, n, 0.6),
        );
        expect(gradients[0]).toEqual(gradients[1]);
        const [value, [dx]] = gradients[0] as [number, [Float64Array]];
        expect(value).toBe(plain(xs, js, n, 0.6));
        const along = (h: number): number =>
          plain(
            Float64Array.from(xs, (x, i) => x + h * Math.cos(i)),
            js,
            n,
            0.6,
          ) as number;
        const slope = dx.reduce((sum, d, i) => sum + d * Math.cos(i), 0);
        const expected = (along(1e-5) - along(-1e-5)) / 2e-5;
        expect(Math.abs(slope - expected) / (1 + Math.abs(expected))).toBeLessThan(1e-5);
      }),
      runs(60),
    );
  });
});

/** A nest in a third loop, whose index the others read, behind a branch. */
const deeper = (text: string): string =>
  text
    .replace("  let y = a;\n", "  let y = a;\n  for (let j = 0; j < 3; j++) if (xs[j] > -0.9 || j > 1) {\n")
    .replace("let at = ", "let at = 2 * j + ")
    .replace("  return s + y;", "  }\n  return s + y;");

describe("random loops in loops in a branch of a loop", () => {
  it("have the second derivatives that differences of gradients have", () => {
    fc.assert(
      fc.property(nest, fc.constantFrom(1, 2, 4), (flat, n) => {
        const text = deeper(flat);
        const of = (
          points: Float64Array,
        ): readonly [number, readonly [Float64Array], readonly [readonly [number[][]]]] =>
          compileSource(text, { hessian: true, wrt: ["xs"] })(points, js, n, 0.6) as never;
        const [value, , [[second]]] = of(xs);
        expect(value).toBe(compileSource(text)(xs, js, n, 0.6));
        const gradient = compileSource(text, { gradient: true, wrt: ["xs"] });
        const along = (h: number): Float64Array => {
          const points = Float64Array.from(xs, (x, i) => x + h * Math.cos(i));
          return (gradient(points, js, n, 0.6) as [number, [Float64Array]])[1][0];
        };
        const [up, down] = [along(1e-5), along(-1e-5)];
        for (const [i, row] of second.entries()) {
          const slope = Array.from(row).reduce((sum, d, k) => sum + d * Math.cos(k), 0);
          const expected = (up[i] - down[i]) / 2e-5;
          expect(Math.abs(slope - expected) / (1 + Math.abs(expected))).toBeLessThan(1e-4);
        }
      }),
      runs(20),
    );
  });
});

// ---- memory ---------------------------------------------------------------------------------------------------------

const recording = `export function f(xs: Float64Array, rounds: number): number {
  let s = 1;
  for (let r = 0; r < rounds; r++) for (let i = 0; i < xs.length; i++) s = Math.sin(s) * xs[i] + xs[r % xs.length];
  return s;
}
`;

describe("the memory of tapes", () => {
  it("is used again by calls of any size, which give what a first call gives", () => {
    const kept = compileSource(recording, { gradient: true });
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 30 })), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(sizes, (calls) => {
        for (const [n, rounds] of calls) {
          const points = Float64Array.from({ length: n }, (_, i) => Math.cos(i + rounds));
          expect(kept(points, rounds)).toEqual(compileSource(recording, { gradient: true })(points, rounds));
        }
      }),
      runs(12),
    );
  });

  it("is each call's own, where a call begins while another runs", () => {
    const steps = (x: Tensor, n: Tensor | number): Tensor =>
      whileLoop(
        ([i]: Tensor[]) => i.less(n),
        ([i, y]: Tensor[]) => [i.add(1), probe(mul(sin(y), x), "step")],
        [tensor(0), x],
      )[1] as Tensor;
    const depths: number[] = [];
    const inner: unknown[] = [];
    let depth = 0;
    const observe = (): void => {
      depths.push(depth);
      if (depth >= 2) return;
      depth++;
      inner.push(f(0.5 + depth, 5 - depth));
      depth--;
    };
    const plain = compile((x: Tensor, n: Tensor) => grad((y: Tensor) => steps(y, n))(x), ["f64", "f64"]);
    const f = compile((x: Tensor, n: Tensor) => grad((y: Tensor) => steps(y, n))(x), ["f64", "f64"], { observe });
    expect(f(0.7, 6)).toBe(plain(0.7, 6));
    expect(Math.max(...depths)).toBe(2);
    expect(new Set(inner)).toEqual(new Set([plain(1.5, 4), plain(2.5, 3)]));
  });

  it("of a long call is given back after some more", () => {
    const f = compileSource(recording, { gradient: true });
    expect(f.source).toContain("tape.opened > 256");
    const long = new Float64Array(1000).fill(0.9);
    const first = f(long, 1100);
    for (let i = 0; i < 300; i++) f(long.subarray(0, 3), 2);
    expect(f(long, 1100)).toEqual(first);
  });
});
