// Errors of a run: what is said of an index, of a check and, with debug, of the first NaN; with the user's line and the
// steps of the loops around it, the same on every backend and in standalone modules.

import { describe, expect, it } from "vitest";
import { compile, compileExpression, log, sub } from "../src/index.ts";
import { AdjointError } from "../src/ir/index.ts";
import { compileSource } from "../src/source/index.ts";

const triangle = `export function f(xs: Float64Array, n: number): number {
  let s = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) s += xs[i + j];
  return s;
}`;

function errorOf(body: () => unknown): AdjointError {
  try {
    body();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

describe("an index out of range", () => {
  it.each(["js", "interpret"] as const)("names array, line and steps (%s)", (backend) => {
    const error = errorOf(() => compileSource(triangle, { file: "a.ts", backend })(new Float64Array(4), 9));
    expect(error.message).toBe("a.ts:4:39 xs: index 4 is out of range for axis 0 of extent 4 (iterations 2, 2)");
    expect(error.iterations).toEqual([2, 2]);
    expect(error.code).toBe("range");
  });

  it.each([
    [
      "counts down",
      "for (let i = 3; i >= -1; i--) s += xs[i];",
      "index -1 is out of range for axis 0 of extent 4: indices count from 0 (iteration 4)",
    ],
    [
      "goes by twos",
      "for (let i = 1; i < 9; i += 2) s += xs[i];",
      "index 5 is out of range for axis 0 of extent 4 (iteration 2)",
    ],
    [
      "has no counter",
      "let i = 1; while (i < 99) { s += xs[i]; i *= 3; }",
      "index 9 is out of range for axis 0 of extent 4 (iteration 2)",
    ],
    [
      "asks in its condition",
      "let i = 0; while (xs[i] === 0) i++; s = i;",
      "index 4 is out of range for axis 0 of extent 4 (iteration 4)",
    ],
    ["has no whole number", "for (let i = 0; i < 4; i++) s += xs[i / 2];", "index 0.5 is no integer (iteration 1)"],
    [
      "reads what is never written to",
      "const w = new Float64Array(xs.length); for (let i = 3; i < 9; i++) s += w[i] + i;",
      "index 4 is out of range for axis 0 of extent 4 (iteration 1)",
    ],
    [
      "writes",
      "const w = xs.slice(); for (let i = 0; i < 9; i++) w[i] = 1; s = w[0];",
      "index 4 is out of range for axis 0 of extent 4 (iteration 4)",
    ],
  ])("in a loop that %s tells the step", (_, loop, said) => {
    const text = `export function f(xs: Float64Array): number {\nlet s = 0;\n${loop}\nreturn s;\n}`;
    for (const backend of ["js", "interpret"] as const) {
      const { reason } = errorOf(() => compileSource(text, { file: "a.ts", backend })(new Float64Array(4)));
      expect(reason.replace(/^\w+: /, "")).toBe(said);
    }
  });

  it("is told in the gradient too, and by a standalone module", async () => {
    const gradient = compileSource(triangle, { file: "a.ts", gradient: true });
    const { message } = errorOf(() => gradient(new Float64Array(4), 9));
    expect(message).toBe("a.ts:4:39 xs: index 4 is out of range for axis 0 of extent 4 (iterations 2, 2)");
    const { code } = compileSource(triangle, { file: "a.ts" }).toModule();
    const { f } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      f: (...args: unknown[]) => number;
    };
    expect(() => f(new Float64Array(4), 9)).toThrow(message);
    expect(f(new Float64Array([1, 2, 3]), 2)).toBe(1 + 2 + 3);
  });
});

describe("debug", () => {
  const sum = `export function f(xs: Float64Array): number {
  let s = 0;
  for (let i = 0; i < xs.length; i++) s += Math.log(xs[i]);
  return s;
}`;

  it("names the operation that makes the first infinity, its line and its step", () => {
    const error = errorOf(() => compileSource(sum, { file: "a.ts", debug: true })(new Float64Array([1, 2, 0, 3])));
    expect(error.message).toBe("a.ts:3:44 log gives -Infinity from 0 (iteration 2)");
    expect(error.code).toBe("nan");
  });

  it("tells the place in a tensor, and what stands there in the operands", () => {
    const f = compile((x) => log(sub(x, 1)), ["f64[3]"], { debug: true });
    expect(errorOf(() => f(new Float64Array([2, 1, 3]))).reason).toBe("log gives -Infinity at [1] from 0");
  });

  it("finds what the derivative makes where the function itself is finite", () => {
    const f = compileExpression("sqrt(x)", ["x"], { gradient: true, debug: true });
    expect(errorOf(() => f(0)).reason).toBe("div gives Infinity from 0.5 and 0");
    expect(f(4)).toEqual([2, [0.25]]);
  });

  it("says nothing of a NaN that is passed in, and gives the bits that the function gives", () => {
    const f = compileSource(sum, { debug: true });
    expect(f(new Float64Array([1, Number.NaN]))).toBeNaN();
    const xs = new Float64Array([0.3, 7, 1e-300]);
    expect(f(xs)).toBe(compileSource(sum)(xs));
  });

  it("is no option for generated code", () => {
    expect(
      errorOf(() => compile("func @f(%x: f64) -> f64 {\n  return %x\n}", { debug: true, backend: "js" })).code,
    ).toBe("option");
  });
});
