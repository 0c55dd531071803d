// Errors of a run: what is said of an index, of a check and, with debug, of the first NaN; with the user's line and the
// steps of the loops around it, the same on every backend and in standalone modules.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addAt,
  compile,
  compileExpression,
  customVjp,
  embedding,
  full,
  grad,
  jvp,
  log,
  maxAt,
  mul,
  mulAt,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  take,
  takeAlongAxis,
  tensor,
  vmap,
} from "../src/index.ts";
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

type Mapped = (x: Tensor, i: Tensor) => Tensor;

/** Calls of public functions with indices out of range, by the name that the user wrote. */
const indexed: Readonly<Record<string, (x: Tensor, i: Tensor) => Tensor>> = {
  take: (x, i) => take(x, i),
  at: (x, i) => x.at(i),
  set: (x, i) => x.set([i], 0),
  addAt: (x, i) => addAt(x, [i], 1),
  mulAt: (x, i) => mulAt(x, [i], 2),
  maxAt: (x, i) => maxAt(x, [i], 2),
  takeAlongAxis: (x, i) => takeAlongAxis(x, i),
  embedding: (x, i) => embedding(i, reshape(x, [-1, 1])),
};

describe("an index out of range of a traced function", () => {
  const bad = fc.oneof(fc.integer({ min: 3, max: 9 }), fc.integer({ min: -9, max: -1 }));
  const types = ["f64[3]", "i32[2]"];

  for (const [name, f] of Object.entries(indexed)) {
    it(`is one of ${name}, on every backend and in derivatives`, () => {
      const total = (x: Tensor, i: Tensor): Tensor => sum(square(f(x, i)));
      const ways = {
        plain: f,
        grad: grad(total),
        jvp: (x: Tensor, i: Tensor) => jvp((y: Tensor) => total(y, i))([x], [x])[1],
      };
      for (const [way, g] of Object.entries(ways)) {
        const compiled = (["js", "interpret"] as const).map((backend) => compile(g as never, types, { backend }));
        fc.assert(
          fc.property(bad, fc.integer({ min: 0, max: 1 }), (index, place) => {
            const at = [0, 0].with(place, index);
            const message = new RegExp(
              `^${name}: index ${index} is out of range for axis 0 of extent 3${index < 0 ? ": indices count from 0" : ""}`,
            );
            const errors = compiled.map((run) => errorOf(() => (run as (...x: unknown[]) => unknown)([1, 2, 3], at)));
            for (const { reason, origin } of errors) {
              expect(reason, way).toMatch(message);
              expect(origin?.file).toMatch(/run-time-errors\.test/);
            }
            expect(errors[0].message).toBe(errors[1].message);
          }),
          { numRuns: 8 },
        );
      }
    });
  }

  const around = {
    "both as rows": [vmap, ["f64[2, 3]", "i32[2, 2]"]],
    "the tensor as columns": [(f: Mapped) => vmap(f, { inAxes: [1, 0] }), ["f64[3, 2]", "i32[2, 2]"]],
    "indices alone": [(f: Mapped) => vmap(f, { inAxes: [null, 0] }), ["f64[3]", "i32[2, 2]"]],
    "the tensor alone": [(f: Mapped) => vmap(f, { inAxes: [0, null] }), ["f64[2, 3]", "i32[2]"]],
    "one in the other": [(f: Mapped) => vmap(vmap(f), { inAxes: [null, 0] }), ["f64[2, 3]", "i32[3, 2, 2]"]],
  } as const;

  for (const [name, f] of Object.entries(indexed)) {
    it(`is told of the axis and the element that ${name} sees inside of vmap`, async () => {
      for (const [way, [mapped, signature]] of Object.entries(around)) {
        for (const g of [
          (x: Tensor, i: Tensor) => sum(square(f(x, i))),
          grad((x: Tensor, i: Tensor) => sum(square(f(x, i)))),
        ]) {
          const shapes = signature.map((type) => JSON.parse(type.slice(3)) as number[]);
          const [x, i] = shapes.map((shape) => full(shape, 1).toArray());
          const at = shapes[1].map((extent) => extent - 1);
          const row = at.slice(0, -1).reduce((list: unknown, k) => (list as unknown[])[k], i) as number[];
          row[1] = 7;
          const batch = at.slice(0, -1);
          const where = [
            "",
            ` in element ${batch[0]} of the batch`,
            ` in element [${batch.join(", ")}] of the batches`,
          ][batch.length];
          const message = `${name}: index 7 is out of range for axis 0 of extent 3${where}`;
          const run = compile((mapped as (f: Mapped) => unknown)(g as Mapped) as never, signature);
          const slow = compile((mapped as (f: Mapped) => unknown)(g as Mapped) as never, signature, {
            backend: "interpret",
          });
          for (const compiled of [run, slow])
            expect(errorOf(() => (compiled as (...x: unknown[]) => unknown)(x, i)).reason, way).toBe(message);
          const { code } = run.toModule();
          const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
          const [main] = Object.values(module) as ((...x: unknown[]) => unknown)[];
          const flat = (list: unknown): number[] => [list].flat(Number.POSITIVE_INFINITY) as number[];
          const told = new RegExp(`${message.replace(/[[\]]/g, "\\$&")}$`);
          expect(() => main(Float64Array.from(flat(x)), Int32Array.from(flat(i)), 1, 1, 1)).toThrow(told);
        }
      }
    });
  }

  it("is one of the function that was compiled, where that is a public one", () => {
    expect(errorOf(() => compile(take as (x: Tensor, i: Tensor) => Tensor, types)([1, 2, 3], [0, 5])).reason).toBe(
      "take: index 5 is out of range for axis 0 of extent 3",
    );
  });
});

describe("what has no derivative", () => {
  it("is called as the user called it", () => {
    const cube = (x: Tensor): Tensor => mul(x, mul(x, x));
    const rule = {
      forward: (x: Tensor) => [cube(x), [x]] as const,
      backward: ([x]: readonly Tensor[], ct: Tensor) => [mul(ct, x)],
    };
    const told =
      "has a rule for reverse mode only, and forward mode was asked for: use grad or vjp, or write customJvp";
    const forward = (f: (x: Tensor) => Tensor) => () => jvp(f)([tensor(1)], [tensor(1)]);
    const [named, unnamed] = [customVjp(cube, rule), customVjp((x: Tensor) => cube(x), rule)];
    expect(errorOf(forward(named as (x: Tensor) => Tensor)).reason).toBe(`cube ${told}`);
    expect(errorOf(forward(unnamed as (x: Tensor) => Tensor)).reason).toBe(`customVjp ${told}`);
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
    expect(errorOf(() => f(0)).reason).toBe("the gradient of sqrt gives Infinity from 0.5 and 0");
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
