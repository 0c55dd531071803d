// The text of generated code: values that are read once are spelled where they are read, in brackets where those are needed.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Executable } from "../src/backend/index.ts";
import { between, bracketed } from "../src/backend/js/writing/brackets.ts";
import { compileModule } from "../src/compile/index.ts";
import { type Block, makeFunc, mapFuncs, parseModule, withOperations, withParts } from "../src/ir/index.ts";
import { standardOps } from "../src/ops/index.ts";
import { compileSource } from "../src/source/index.ts";
import { runs } from "./support/runs.ts";

/** Without places, since a statement is of one line of the user's. */
const placeless = (block: Block): Block =>
  withOperations(
    block,
    block.operations.map((o) => withParts(o, { origin: null, regions: o.regions.map(placeless) })),
    block.results,
  );

const compiled = (module: string): Executable => {
  const parsed = mapFuncs(parseModule(module, standardOps), (func) =>
    makeFunc({ ...func, body: placeless(func.body), origin: null }),
  );
  return compileModule(parsed, { entry: "f", backend: "js" }).executable;
};

/** The lines between the braces of the function. */
const body = (module: string): readonly string[] =>
  (compiled(module).source ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("//"));

describe("brackets", () => {
  const spellings: readonly ((x: string, y: string) => readonly [string, string, string])[] = [
    (_, y) => ["", ` + ${y}`, `$ + ${y}`],
    (_, y) => [`${y} - `, "", `${y} - $`],
    (_, y) => [`${y} * `, "", `${y} * $`],
    (_, y) => ["", ` / ${y}`, `$ / ${y}`],
    (_, y) => [`Math.max(${y}, `, ")", `Math.max(${y}, $)`],
    () => ["-", "", "-$"],
    () => ["Math.abs(", ")", "Math.abs($)"],
    () => ["(", ") | 0", "($) | 0"],
    (_, y) => ["", ` < ${y} ? 1 : 2`, `$ < ${y} ? 1 : 2`],
  ];
  const leaf = fc.constantFrom("x", "y", "a[1]", "a[x + 1 | 0]", "(-3)");

  it("stand where they have to, and nowhere else", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(spellings.length - 1), leaf), { maxLength: 6 }), leaf, (steps, first) => {
        let [short, full]: [string, string] = [first, first];
        for (const [which, y] of steps) {
          const [before, behind, whole] = spellings[which](short, y);
          short = between(before, short, behind);
          full = whole.replace("$", () => `(${full})`);
        }
        const value = (expression: string): unknown =>
          new Function("x", "y", "a", `return ${expression};`)(0.75, -2.5, [3, 0.125, 7]);
        expect(value(short), `${short} is ${full}`).toBe(value(full));
        expect(short.length).toBeLessThanOrEqual(full.length);
      }),
      runs(300),
    );
    expect(bracketed("a[x[1]]")).toBe("a[x[1]]");
    expect(bracketed("f(x) + g(y)")).toBe("(f(x) + g(y))");
    expect(between("a + ", "b * c", "")).toBe("a + b * c");
    expect(between("a * ", "b + c", "")).toBe("a * (b + c)");
  });
});

describe("a value that is read once", () => {
  it("is spelled there", () => {
    const module = `func @f(%x: f64, %y: f64) -> f64 {
  %mul = mul %x, %y : f64
  %neg = neg %mul : f64
  %exp = exp %neg : f64
  return %exp
}`;
    expect(body(module)).toEqual(["function f(x, y) {", "return Math.exp(-(x * y));", "}"]);
  });

  it("keeps a name of its own, where it is read twice or long", () => {
    const module = `func @f(%x: f64, %y: f64) -> f64 {
  %area = mul %x, %y : f64
  %sin = sin %area : f64
  %mul = mul %sin, %sin : f64
  return %mul
}`;
    expect(body(module)).toEqual([
      "function f(x, y) {",
      "const area = x * y;",
      "const sin = Math.sin(area);",
      "return sin * sin;",
      "}",
    ]);
  });

  it("is read before what is written behind it", () => {
    const module = `func @f(%m: inout memref<f64[2]>, %v: f64) -> f64 {
  %m_1 = load %m[0] : f64
  store %v, %m[0]
  %add = add %m_1, %v : f64
  return %add
}`;
    expect(body(module)).toEqual(["function f(m, v) {", "const m_1 = m[0];", "m[0] = v;", "return m_1 + v;", "}"]);
  });

  it("is what a loop carries, where nothing reads any more what that was before", () => {
    const looped = (...steps: readonly string[]): string => `func @f(%x: f64, %y: f64) -> (f64, f64) {
  %a, %b = for %i: index = 0 to 10 carry(%a: f64 = %x, %b: f64 = %y) : f64, f64 {
    ${steps.join("\n    ")}
    yield %add, %mul
  }
  return %a, %b
}`;
    const [add, mul] = ["%add = add %a, %b : f64", "%mul = mul %b, %b : f64"];
    let [p, q] = [1, 0.5];
    for (let i = 0; i < 10; i++) [p, q] = [p + q, q * q];
    for (const steps of [
      [add, mul],
      [mul, add],
    ]) {
      const run = compiled(looped(...steps)).scalar as (...args: number[]) => readonly [number, number];
      expect(run(1, 0.5)).toEqual([p, q]);
    }
    const lines = (...steps: readonly string[]): readonly string[] => body(looped(...steps)).slice(4, 7);
    expect(lines(add, mul)).toEqual(["a = a + b;", "b = b * b;", "}"]);
    expect(lines(mul, add)).toEqual(["const mul = b * b;", "a = a + b;", "b = mul;"]);
  });
});

describe("a branch", () => {
  it("that only chooses is a conditional expression", () => {
    const module = `func @f(%p: bool, %x: f64, %y: f64) -> f64 {
  %r = if %p : f64 {
    %add = add %x, %y : f64
    yield %add
  } else {
    yield %x
  }
  return %r
}`;
    expect(body(module)).toEqual(["function f(p, x, y) {", "const r = p ? x + y : x;", "return r;", "}"]);
  });

  it("that leaves a loop stays a statement", () => {
    const leaving = compileSource(
      `export function leaving(a: number, first: boolean): number {
        let v = 0;
        let w = 3;
        while (w-- > 0 && v < 2) {
          if (first || a > 1) { break; }
          v++;
        }
        return v + w;
      }`,
    );
    expect([leaving(0, true), leaving(2, false), leaving(0, false)]).toEqual([2, 2, 2]);
  });
});
