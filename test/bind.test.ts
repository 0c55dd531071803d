// Binding: sizes of dimension symbols from argument shapes, and the messages of what does not fit.

import { describe, expect, it } from "vitest";
import { type DType, dtypes, type NdArray, signatureOf, sizeOf } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { Binder } from "../src/runtime/index.ts";
import { errorOf } from "./support/errors.ts";

describe("binding arguments", () => {
  const signature = (text: string) => signatureOf(parse(text).funcs[0]);
  const layer = `func @layer<B, K>(%x: f32[B, K], %w: f32[K, 2], %b: f32[2*B]) -> f32 where B >= 1 {
  %zero = constant 0 : f32
  return %zero
}
`;
  const zeros = (shape: readonly number[], dtype: DType = "f32"): NdArray => ({
    dtype,
    shape,
    data: new dtypes[dtype].array(sizeOf(shape)),
  });
  const binder = new Binder(signature(layer), ["x", "w", "b"]);

  it("finds the sizes of symbols from shapes", () => {
    expect([...binder.check([zeros([3, 4]), zeros([4, 2]), zeros([6])])]).toEqual([
      ["B", 3],
      ["K", 4],
    ]);
  });

  it("names the argument, the dimension and both numbers", () => {
    const error = errorOf(() => binder.check([zeros([3, 4]), zeros([5, 2]), zeros([6])]));
    expect(error.code).toBe("argument");
    expect(error.message).toBe(
      "@layer: argument 'w': axis 0 (K) is 5, expected 4, since K = 4 (axis 1 of argument 'x')",
    );
    expect(errorOf(() => binder.check([zeros([3, 4]), zeros([4, 3]), zeros([6])])).message).toBe(
      "@layer: argument 'w': axis 1 is 3, expected 2",
    );
    expect(errorOf(() => binder.check([zeros([3, 4]), zeros([4, 2]), zeros([5])])).message).toContain(
      "axis 0 (2*B) is 5, expected 6, since B = 3",
    );
  });

  it("checks dtype, rank, number of arguments and constraints", () => {
    const good = [zeros([3, 4]), zeros([4, 2]), zeros([6])];
    expect(errorOf(() => binder.check(good.slice(1))).message).toContain("got 2 arguments, expected 3");
    expect(errorOf(() => binder.check([zeros([3, 4], "f64"), ...good.slice(1)])).message).toContain("dtype f64");
    expect(errorOf(() => binder.check([zeros([3]), ...good.slice(1)])).message).toContain("rank 1");
    const error = errorOf(() => binder.check([zeros([0, 4]), zeros([4, 2]), zeros([0])]));
    expect(error.message).toContain("B is 0, expected at least 1");
  });

  it("keeps the line that made a constraint, and solves for symbols that no argument has bare", () => {
    const made = { file: "model.ts", line: 12, column: 9 };
    const base = signature(`func @f<B, C, N>(%x: f64[B], %y: f64[C], %z: f64[2*N+1]) -> f64 {
  %zero = constant 0 : f64
  return %zero
}
`);
    const [b, c] = [base.arguments[0], base.arguments[1]].map((t) => (t.kind === "tensor" ? t.shape[0] : 0));
    const constrained = new Binder({
      ...base,
      constraints: [{ left: b, relation: "==", right: c, origin: made }],
    });
    const vector = (n: number): NdArray => zeros([n], "f64");
    expect(constrained.check([vector(2), vector(2), vector(7)]).get("N")).toBe(3);
    const error = errorOf(() => constrained.check([vector(2), vector(3), vector(7)]));
    expect(error.origin).toEqual(made);
    expect(error.message).toContain("B is 2, expected C = 3");
    expect(errorOf(() => constrained.check([vector(2), vector(2), vector(6)])).message).toContain("2*N+1 = 6");
  });
});
