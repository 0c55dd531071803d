// The first NaN or infinity: found in every way to compute, and named in the words of who wrote the program.

import { afterEach, describe, expect, it } from "vitest";
import * as api from "../src/index.ts";
import { errorOf } from "./support/errors.ts";

const { checkpoint, compile, compileExpression, debugNaNs, grad, hessian, hvp, jacobian, jit, jvp, log, matmul } = api;
const { mul, softmax, sqrt, sum, tensor, valueAndGrad, vjp, vmap } = api;
type Tensor = api.Tensor;

// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is tried
const any = (x: unknown): any => x;
const root = (x: Tensor): Tensor => sqrt(x);
const rootLine = "debug.test.ts:13:37 ";
const debug = { debug: true } as const;
const huge = tensor([[1e200]]);

/** The error of a run that meets a NaN or an infinity; its message without this file's folder. */
function found(body: () => unknown): string {
  const error = errorOf(body);
  expect(error.code).toBe("nan");
  return error.message.replace("test/", "");
}

describe("the option debug", () => {
  it.each([
    ["grad", () => grad(root, debug)(0), "the gradient of sqrt gives Infinity from 0.5 and 0"],
    ["valueAndGrad", () => valueAndGrad(root, debug)(0), "the gradient of sqrt gives Infinity from 0.5 and 0"],
    ["hvp", () => hvp(root, debug)(0, 1), "the derivative of sqrt gives Infinity from 0.5 and 0"],
    ["vjp", () => vjp(root, debug)([0], 1), "the gradient of sqrt gives Infinity from 0.5 and 0"],
    ["jvp", () => jvp(root, debug)([0], [1]), "the derivative of sqrt gives Infinity from 0.5 and 0"],
    ["jacobian", () => jacobian(root, debug)(0), "the derivative of sqrt gives Infinity from 0.5 and 0"],
    ["hessian", () => hessian(root, debug)(0), "the derivative of sqrt gives Infinity from 0.5 and 0"],
    ["vmap", () => vmap(root, debug)(tensor([1, -1])), "sqrt gives NaN at [1] from x = -1"],
    ["checkpoint", () => checkpoint(root, debug)(-1), "sqrt gives NaN from x = -1"],
    ["jit", () => jit(root, debug)(-1), "sqrt gives NaN from x = -1"],
    [
      "an expression",
      () => compileExpression("sqrt(x) + 1", ["x"], { gradient: true, debug: true })(0),
      "the gradient of sqrt gives Infinity from 0.5 and 0",
    ],
  ])("of %s names the function and its line", (name, body, says) => {
    expect(found(body)).toBe(`${name === "an expression" ? "<expression>:1:1 " : rootLine}${says}`);
  });

  it("names the element of an array", () => {
    const loss = (x: Tensor): Tensor => sum(root(x));
    expect(found(() => grad(loss, debug)(tensor([1, 0])))).toBe(
      `${rootLine}the gradient of sqrt gives Infinity at [1] from 0.5 and 0`,
    );
  });

  it("names the function that was called, not what it is made of", () => {
    expect(found(() => jit((x: Tensor) => matmul(x, x), debug)(huge))).toContain(
      "matmul gives Infinity at [0, 0] from x = 1e+200",
    );
    expect(found(() => jit((x: Tensor) => softmax(x), debug)(tensor([1e308, -1e308])))).toMatch(
      /softmax gives -Infinity at \[1\] .*, in its sub$/,
    );
    expect(found(() => valueAndGrad((x: Tensor) => sum(matmul(x, mul(huge, 1e100))), debug)(huge))).toMatch(
      / matmul gives Infinity/,
    );
  });

  it("with no NaN changes no bit", () => {
    const loss = (x: Tensor): Tensor => sum(mul(sqrt(x), log(x)));
    expect(grad(loss, debug)(tensor([1, 2, 3])).toArray()).toEqual(grad(loss)(tensor([1, 2, 3])).toArray());
  });

  it("is true or false", () => {
    for (const make of [grad, valueAndGrad, hvp, vjp, jvp, jacobian, hessian, vmap, checkpoint])
      expect(errorOf(() => any(make)(root, { debug: 1 })).message).toContain(
        `${make.name}: option 'debug' is 1, expected true or false`,
      );
  });
});

describe("debugNaNs", () => {
  afterEach(() => debugNaNs(false));

  it("finds what eager code makes", () => {
    const before = log(tensor([1, -1]));
    debugNaNs();
    expect(found(() => log(tensor([1, -1])))).toMatch(/^debug\.test\.ts:\d+:\d+ log gives NaN at \[1\] from -1$/);
    expect(found(() => matmul(huge, huge))).toContain("matmul gives Infinity at [0, 0] from 1e+200 and 1e+200");
    // one that was there before is no first one
    expect(Number.isNaN(mul(before, 2).data()[1])).toBe(true);
  });

  it("finds what backward makes, at the line of the function", () => {
    debugNaNs();
    const a = tensor(0, { requiresGrad: true });
    const b = root(a);
    expect(found(() => b.backward())).toBe(`${rootLine}the gradient of sqrt gives Infinity from 0.5 and 0`);
  });

  it("holds for functions that compile themselves, compiled before or not, and for what is compiled then", () => {
    const f = jit(root);
    expect(f(-1)).toBeNaN();
    debugNaNs();
    expect(found(() => f(-1))).toBe(`${rootLine}sqrt gives NaN from x = -1`);
    expect(found(() => grad(root)(0))).toContain("the gradient of sqrt");
    expect(found(() => compile(root, ["f64"])(-1))).toContain("sqrt gives NaN");
    expect(jit(root, { debug: false })(-1)).toBeNaN();
    debugNaNs(false);
    expect(f(-1)).toBeNaN();
    expect(compile(root, ["f64"]).source).not.toBeNull();
  });

  it("takes true or false", () => {
    expect(errorOf(() => debugNaNs(any("on"))).message).toContain(
      'debugNaNs: got the string "on", expected true or false',
    );
  });
});
