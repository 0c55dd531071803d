// Positive and negative parts by arithmetic: the bits of the choice, for every f32.

import fc from "fast-check";
import { expect, it } from "vitest";
import { spareBranches } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { type Module, ndscalar, verify, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { javascript } from "../src/target/index.ts";
import { runs } from "./support/runs.ts";

const cx = { ops: standardOps, fast: false };

const parts = {
  "x <= 0 ? 0 : x": "%c = compare %x, %zero, direction = le : bool\n  %y = select %c, %zero, %x : f32",
  "maximum(x, 0)": "%y = maximum %x, %zero : f32",
  "maximum(0, x)": "%y = maximum %zero, %x : f32",
  "minimum(x, 0)": "%y = minimum %x, %zero : f32",
  "minimum(0, x)": "%y = minimum %zero, %x : f32",
};

/** What looks like one and is none: other values for NaN or -0, another constant, or f64. */
const others = {
  "x > 0 ? x : 0": "%c = compare %x, %zero, direction = gt : bool\n  %y = select %c, %x, %zero : f32",
  "x < 0 ? 0 : x": "%c = compare %x, %zero, direction = lt : bool\n  %y = select %c, %zero, %x : f32",
  "x >= 0 ? 0 : x": "%c = compare %x, %zero, direction = ge : bool\n  %y = select %c, %zero, %x : f32",
  "maximum(x, 1)": "%one = constant 1 : f32\n  %y = maximum %x, %one : f32",
  "x <= 0 ? 0 : x of another":
    "%other = neg %x : f32\n  %c = compare %other, %zero, direction = le : bool\n  %y = select %c, %zero, %x : f32",
};

function program(lines: string): Module {
  return parse(`func @main(%x: f32) -> f32 {
  %zero = constant 0 : f32
  ${lines}
  return %y
}
`);
}

function choices(module: Module): number {
  let n = 0;
  walk(module.funcs[0].body, ({ op }) => void (n += ["maximum", "minimum"].includes(op.name) ? 1 : 0));
  return n;
}

function value(module: Module, x: number): number {
  return interpret(module, "main", [ndscalar("f32", x)])[0].data[0];
}

const most = 3.4028234663852886e38;
const least = 1.401298464324817e-45;
const edges = [0, Infinity, most, least, 1.1754943508222875e-38, 1, 0.1].flatMap((x) => [x, -x]);
const anyFloat = fc.oneof(fc.constantFrom(NaN, ...edges), fc.float());

it.each(Object.entries(parts))("%s has the bits of the choice", (_, lines) => {
  const module = program(lines);
  const after = spareBranches.run(module, cx);
  verify(after, { level: "loop" });
  expect(after).not.toBe(module);
  expect(choices(after)).toBe(0);
  expect(spareBranches.run(after, cx)).toBe(after);
  fc.assert(
    fc.property(anyFloat, (x) => {
      expect(value(after, x)).toBe(value(module, x));
    }),
    runs(300),
  );
  for (const x of [NaN, ...edges]) expect(value(after, x), String(x)).toBe(value(module, x));
});

it.each(Object.entries(others))("%s stays", (_, lines) => {
  const module = program(lines);
  expect(spareBranches.run(module, cx)).toBe(module);
});

it("a target that chooses without a branch keeps its choices", () => {
  const module = program(parts["maximum(x, 0)"]);
  expect(spareBranches.run(module, { ...cx, target: { ...javascript, selects: true } })).toBe(module);
});

/** Steps of a chain of scalars in a loop, in which each choice has another number. */
const steps: readonly ((to: string, x: string, y: string) => string)[] = [
  (to, x) => `    ${to}c = compare ${x}, %zero, direction = le : bool\n    ${to} = select ${to}c, %zero, ${x} : f32\n`,
  (to, x) => `    ${to} = maximum ${x}, %zero : f32\n`,
  (to, x) => `    ${to} = minimum %zero, ${x} : f32\n`,
  (to, x) => `    ${to} = neg ${x} : f32\n`,
  (to, x, y) => `    ${to} = add ${x}, ${y} : f32\n`,
  (to, x, y) => `    ${to} = mul ${x}, ${y} : f32\n`,
];

const chains = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(), fc.nat()), { minLength: 1, maxLength: 8 });

it("random chains in loops keep their bits", () => {
  let changed = 0;
  fc.assert(
    fc.property(chains, fc.array(anyFloat, { minLength: 6, maxLength: 6 }), (chain, given) => {
      const text = chain.map(([kind, i, j], k) => steps[kind](`%v${k + 1}`, `%v${i % (k + 1)}`, `%v${j % (k + 1)}`));
      const module = parse(`func @main(%x: memref<f32[6]>, %y: out memref<f32[6]>) {
  %zero = constant 0 : f32
  for %i: index = 0 to 6 {
    %v0 = load %x[%i] : f32
${text.join("")}    store %v${chain.length}, %y[%i]
  }
  return
}
`);
      const after = spareBranches.run(module, cx);
      verify(after, { level: "loop" });
      if (after !== module) changed++;
      const written = (m: Module): Float32Array => {
        const [x, y] = [Float32Array.from(given), new Float32Array(6)];
        interpret(
          m,
          "main",
          [x, y].map((data) => ({ dtype: "f32", shape: [6], data })),
        );
        return y;
      };
      expect(written(after)).toEqual(written(module));
    }),
    runs(200),
  );
  expect(changed).toBeGreaterThan(100);
});
