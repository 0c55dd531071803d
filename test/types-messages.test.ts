// What TypeScript says of mistakes, in words; that right programs are accepted; and what an editor shows.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as methods from "../src/library/methods.ts";
import { documentedMembers, instantiationsOf, instantiationsOfFile, messagesOf } from "./support/types.ts";

const prelude = `
import * as a from "adjoint";
import { add, compile, compileExpression, concat, conv2d, grad, jit, matmul, mul, reshape, sum, vmap } from "adjoint";
declare const t: a.Tensor;
declare const x: a.Tensor<["B", 784], "f32">;
const f = compile((p, q) => matmul(p, q), ["f32[B, 784]", "f32[784, 10]"]);
`;

/** A mistake, and what the message has to say. */
const mistakes: readonly (readonly [program: string, message: string])[] = [
  ['compile((p) => p, ["f65"]);', "the type 'f65': 'f65' is no dtype: write f64, f32, i32, u32, u8 or bool"],
  ['compile((p) => p, ["f64[3"]);', "the type 'f64[3' has no ] at its end"],
  ['compile((p) => p, ["f64[*]"]);', "the type 'f64[*]' is no type of an argument: write its extents, as f64[N, 3]"],
  ['compile((p) => p, ["f64[-1]"]);', "the type 'f64[-1]': the extent -1 is no integer from 0"],
  ['compile((p) => p, ["f64[2.5]"]);', "the type 'f64[2.5]': the extent 2.5 is no integer from 0"],
  ['compile((p) => p, ["f64[n]"]);', "the type 'f64[n]': 'n' is no size: symbols begin with a capital letter"],
  ['compile((p) => p, ["f64[3,]"]);', "the type 'f64[3,]': a size is missing"],
  ['compile((p) => p, ["index[3]"]);', "the type 'index[3]': 'index' is no dtype"],
  ['compile((p) => p.w, [{ w: "f32[" }]);', "the type 'f32[' has no ] at its end"],
  ["compile((p) => p.w, [{ w: 5 }]);", 'an annotation is text as \\"f32[B, 784]\\", or a dtype'],
  ['compile((p, q) => matmul(p, q), ["f32[B, 784]", "f32[783, 10]"]);', "matmul: inner sizes 784 and 783 differ"],
  ["x.matmul(reshape(x, [783, 10]));", "matmul: inner sizes 784 and 783 differ"],
  ["matmul(reshape(x, [2, 2]), reshape(x, [3]));", "matmul: inner sizes 2 and 3 differ"],
  ["matmul(reshape(x, []), x);", "matmul: the first operand has rank 0, expected 1 or more: write mul for a scalar"],
  ["add(reshape(x, [2]), reshape(x, [3]));", "the shapes do not broadcast: sizes 2 and 3 differ"],
  ["x.mul(reshape(x, [3]));", "the shapes do not broadcast: sizes 784 and 3 differ"],
  ['add(x, x.cast("f64"));', "the dtypes f32 and f64 differ: cast one of them"],
  ["x.sum({ axes: 2 });", "axis 2 is out of range for shape [B, 784]"],
  ["sum(x, { axes: [0, -3] });", "axis -3 is out of range for shape [B, 784]"],
  ["x.permuteDims([0]);", "permuteDims: got 1 axes for shape [B, 784]"],
  ["x.permuteDims([0, 2]);", "permuteDims: axis 2 is out of range for shape [B, 784]"],
  ["concat([reshape(x, [2, 3]), reshape(x, [2, 4])]);", "concat: sizes 3 and 4 of axis 1 differ"],
  ["concat([x, reshape(x, [3])]);", "concat: the shapes [B, 784] and [3] have different ranks"],
  ["x.at(0, 1, 2);", "at: got 3 indices for shape [B, 784]"],
  ["conv2d(reshape(x, [1, 8, 8, 3]), reshape(x, [3, 3, 4, 2]));", "conv2d: x has 3 features, the kernel 4"],
  [
    "conv2d(reshape(x, [1, 3, 8, 8]), reshape(x, [3, 3, 3, 2]));",
    'conv2d: x has 8 features, the kernel 3: they come first, write layout: \\"NCHW\\"',
  ],
  ["jit(async (p) => p);", "a traced function has to return at once, not be async"],
  ['compile(async (p) => p, ["f64"]);', "a traced function has to return at once, not be async"],
  ["grad(async (p) => p);", "a traced function has to return at once, not be async"],
  ["jit((p) => { mul(p, 2); });", "a traced function has to return tensors: is a return missing?"],
  ["grad((p) => reshape(p, [2, 3]));", "the function gives a tensor with axes, expected one float scalar: sum it"],
  ["f(t);", "Expected 2 arguments, but got 1"],
  ["f(t, t, t);", "Expected 2 arguments, but got 3"],
  ['f("x", t);', "'string' is not assignable to parameter of type 'Tensor<[\"B\", 784], \"f32\">'"],
  ["f(t, new Float64Array(3));", "'Float64Array<ArrayBuffer>' is not assignable"],
  ["jit((p, q) => add(p, q))(1);", "Expected 2 arguments, but got 1"],
  ["const s: string = grad((p) => p)(0.5); s;", "Type 'number' is not assignable to type 'string'"],
  ["jit((p) => p.foo());", "Property 'foo' does not exist on type 'Tensor'"],
  ["t.softmx();", "Did you mean 'softmax'?"],
  ["sum(t, { axs: 0 });", "Did you mean to write 'axes'?"],
  ["t * t;", "The left-hand side of an arithmetic operation must be of type"],
  ["1 / x.shape[0];", "The right-hand side of an arithmetic operation must be of type"],
  ['compileExpression("a*b", ["a"])(1, 2);', "Expected 1 arguments, but got 2"],
  ["vmap((p, q) => add(p, q))(t);", "Expected 2 arguments, but got 1"],
  ["const k: string = t.softmax(); k;", "is not assignable to type 'string'"],
  ['t.linear("x", 5);', "is not assignable to parameter of type 'Tensor'"],
];

const textOf = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

/** Traced functions as users write them, each of other sizes. */
function traced(i: number): string {
  const kinds = [
    `compile((p, w, b, v) => a.softmax(matmul(a.relu(add(matmul(p, w), b)), v)), ["f32[B, ${700 + i}]", "f32[${700 + i}, ${20 + i}]", "f32[${20 + i}]", "f32[${20 + i}, 10]"]);`,
    `jit((p: { w: a.Tensor; b: a.Tensor }, q: a.Tensor) => sum(mul(add(matmul(q, p.w), p.b), q.mul(${i}))));`,
    `a.valueAndGrad((p, q) => mul(a.exp(p), add(q, ${i})), { wrt: [0, 1] })(1, 2)[1][0] + 1;`,
    `compile((p, q) => conv2d(q, p.k).relu().reshape([-1, ${100 + i}]).matmul(p.w).mean({ axes: 0 }), [{ k: "f32[3, 3, 1, 8]", w: "f32[${100 + i}, 10]" }, "f32[B, 28, 28, 1]"]);`,
    `vmap(grad((p) => sum(mul(p, p).at(0, [1, ${i + 2}]))));`,
  ];
  return `export const f${i} = ${kinds[i % kinds.length]}\n`;
}

const typeTests = textOf("types.test.ts");
const [page] = [...textOf("../docs/types.md").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
const messages = messagesOf({
  types: typeTests,
  prelude,
  page,
  ...Object.fromEntries(mistakes.map(([program], i) => [`mistake${i}`, `${prelude}${program}\nexport {};\n`])),
});

describe("TypeScript", () => {
  it("agrees with the tests of types, and with their page", () => {
    expect([messages.types, messages.prelude, messages.page]).toEqual(["", "", ""]);
  });

  it("makes of fifty traced functions no more than it is quick with", () => {
    const program = prelude + Array.from({ length: 50 }, (_, i) => traced(i)).join("");
    expect(messagesOf({ fifty: program })).toEqual({ fifty: "" });
    expect(instantiationsOf(program)).toBeLessThan(120_000);
  });

  it("has little to make where it checks the types of methods too", () => {
    expect(instantiationsOfFile("src/library/named-methods.ts")).toBeLessThan(2000);
    expect(instantiationsOfFile("src/frontend/types/calls.ts")).toBeLessThan(3000);
  });

  it.each(mistakes.map(([program, message], i) => [program, message, i] as const))("refuses %s", (_, message, i) => {
    expect(messages[`mistake${i}`]).toContain(message);
  });
});

describe("an editor", () => {
  const members = documentedMembers('import type { Tensor } from "adjoint";\ndeclare const x: Tensor;');

  it("shows a documentation of every member of a tensor", () => {
    expect([...members].filter(([, text]) => text === "")).toEqual([]);
  });

  it("shows that of its function for every method", () => {
    expect(Object.keys(methods).filter((name) => !members.has(name))).toEqual([]);
    expect(members.get("matmul")).toContain("The matrix product over the last axis");
    expect(members.get("softmax")).toContain("eˣ / Σ eˣ along an axis");
  });
});
