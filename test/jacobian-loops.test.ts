// Jacobians of functions with loops: each column has the bits of jvp along its basis vector, on both backends.

import fc from "fast-check";
import { expect, it } from "vitest";
import { compileSource } from "../src/entry/source.ts";
import { compile, jacobian, jvp, type Tensor, tensor } from "../src/index.ts";
import { runs } from "./support/runs.ts";

/** What may stand in the loops: arrays `x` (what is differentiated), `w`, `state` and `out`, a scalar `s`, indices i and k. */
const value = fc.constantFrom(
  "x[k % x.length]",
  "x[0]",
  "x[1]",
  "x[(i + k) % x.length]",
  "w[i]",
  "w[k]",
  "state[k]",
  "state[3 - k]",
  "state[i % 4]",
  "state[1]",
  "s",
  "0.5",
  "i",
  "Math.sin(s)",
  "Math.sqrt(1 + w[i] * w[i])",
);
const expression = fc.oneof(
  value,
  fc.tuple(value, fc.constantFrom("+", "-", "*"), value).map(([a, op, b]) => `${a} ${op} ${b}`),
  fc.tuple(value, value, value).map(([a, b, c]) => `${a} * ${b} + ${c}`),
);
const place = fc.constantFrom("s", "state[k]", "state[3 - k]", "state[(i + k) % 4]", "state[2]", "out[i]", "out[k]");
const assignment = fc
  .tuple(place, fc.constantFrom("=", "+=", "*="), expression)
  .map(([to, op, from]) => `${to} ${op} 0.3 * (${from});`);
const statement = fc.oneof(
  { weight: 4, arbitrary: assignment },
  { weight: 1, arbitrary: fc.tuple(assignment, assignment).map(([a, b]) => `if (w[i] > 0) { ${a} } else { ${b} }`) },
);
const several = fc.array(statement, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("\n      "));

/** A function of loops within a loop, of which the inner ones run a few iterations. */
const source = fc.tuple(several, several, assignment, fc.constantFrom(2, 4)).map(
  ([inner, outer, last, steps]) => `export function f(x: Float64Array, w: Float64Array): Float64Array {
  const out = new Float64Array(w.length);
  const state = new Float64Array(4);
  let s = x[0];
  for (let i = 0; i < w.length; i++) {
    for (let k = 0; k < ${steps}; k++) {
      ${inner}
    }
    let k = 1;
    ${outer}
    for (k = 0; k < 4; k++) state[k] = state[k] * 0.25 + x[(i + k) % x.length];
    k = 2;
    ${last}
  }
  for (let i = 0; i < w.length; i++) out[i] += s * state[i % 4] * x[i % x.length];
  return out;
}`,
);

it("has the bits of jvp in each column", () => {
  const check = (text: string, n: number, rows: number): void => {
    const f = compileSource(text, { entry: "f" });
    const x = tensor(Float64Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1)));
    const w = tensor(Float64Array.from({ length: rows }, (_, i) => Math.cos(2 * i)));
    const types = [`f64[${n}]`, `f64[${rows}]`];
    const column = compile(
      (a: Tensor, b: Tensor, t: Tensor) => (jvp((y: Tensor) => f(y, b))([a], [t]) as [Tensor, Tensor])[1],
      [...types, types[0]],
      { backend: "interpret" },
    );
    const along = (i: number): Tensor => tensor(Float64Array.from({ length: n }, (_, k) => Number(k === i)));
    const expected = Array.from({ length: n }, (_, i) => [...(column(x, w, along(i)) as Tensor).data()]);
    for (const backend of ["js", "interpret"] as const) {
      const got = (compile(jacobian(f), types, { backend })(x, w) as Tensor).data();
      const columns = expected.map((_, i) => Array.from({ length: rows }, (__, k) => got[k * n + i]));
      expect(columns, `${backend}\n${text}`).toEqual(expected);
    }
  };
  // fewer columns than rows go forward
  const sizes = fc.constantFrom([4, 6], [5, 5], [7, 9]);
  fc.assert(
    fc.property(source, sizes, (text, [n, rows]) => check(text, n, rows)),
    runs(20),
  );
  fc.assert(
    fc.property(source, (text) => check(text, 66, 66)),
    runs(1),
  );
});

it("computes the point once for dozens of columns", () => {
  const text = `export function f(x: Float64Array, w: Float64Array): Float64Array {
    const out = new Float64Array(w.length);
    for (let i = 0; i < w.length; i++) {
      let s = 0;
      for (let k = 0; k < 3; k++) s += Math.exp(x[k]) * w[i];
      out[i] = s * x[i % x.length];
    }
    return out;
  }`;
  const irOf = (n: number): string =>
    compile(jacobian(compileSource(text, { entry: "f" })), [`f64[${n}]`, "f64[300]"]).ir;
  const [few, many] = [irOf(30), irOf(200)];
  expect(few.match(/= exp /g)).toHaveLength(3);
  expect(few).not.toContain("scan");
  expect(many.match(/= exp /g)).toHaveLength(3);
  expect(many.match(/= scan over\(.*: f64\[50, 200\]/g)).toHaveLength(1);
});
