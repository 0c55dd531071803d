// How much of the built package a bundler puts into a program: minified and gzipped, in kB of a thousand bytes.

import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import * as mini from "../src/entry/mini.ts";
import * as adjoint from "../src/index.ts";
import { bundle } from "./support/bundle.ts";
import { describeBuilt } from "./support/needs.ts";

const kilobytes = (text: string): number => gzipSync(text, { level: 9 }).length / 1000;

const expression = `import { compileExpression } from "./dist/mini.js";
console.log(compileExpression("sin(x*y) + exp(z/3)*x^2", ["x", "y", "z"], { gradient: true })(1, 2, 3));`;

const scalarGradient = `import { grad, mul } from "./dist/mini.js";
console.log(grad((a, b) => mul(a, b))(15, 20));`;

const trainingStep = `import { crossEntropy, jit, linear, mul, relu, sub, valueAndGrad } from "./dist/mini.js";
const loss = (p, x, y) => crossEntropy(linear(relu(linear(x, p.w1, p.b1)), p.w2, p.b2), y);
export const step = jit((p, x, y, rate) => {
  const [value, gradient] = valueAndGrad(loss)(p, x, y);
  return [value, Object.fromEntries(Object.keys(p).map((name) => [name, sub(p[name], mul(gradient[name], rate))]))];
});`;

describeBuilt("the size of a bundle", () => {
  it.each([
    ["an expression with its gradient", expression, 95.7],
    ["the gradient of a scalar function", scalarGradient, 91.4],
    ["a training step of two layers", trainingStep, 151.8],
    ["all of adjoint", 'export * from "./dist/index.js";', 291.5],
  ])("%s stays below its budget", (_, program, most) => {
    expect(kilobytes(bundle(program))).toBeLessThan(most);
  });

  it("WebAssembly adds less than 25.4 to a program that asks for it, and nothing to others", () => {
    const vectors = `${trainingStep}\nimport { bringWasm } from "./dist/mini.js"; bringWasm();`;
    const [instruction, text] = ["memory.copy", "an instruction has no name"];
    const held = [trainingStep, vectors].map((program) =>
      [instruction, text].map((part) => bundle(program).includes(part)),
    );
    expect(held).toEqual([
      [false, false],
      [true, false],
    ]);
    expect(kilobytes(bundle(vectors)) - kilobytes(bundle(trainingStep))).toBeLessThan(25.4);
  });

  it("ops that a program cannot make are not in it, nor what documents the others", () => {
    const text = bundle(scalarGradient);
    expect(text).toContain('name:"mul"');
    for (const name of ["conv", "sort", "lu", "gather", "scatter", "atan2", "rng_bits", "while"])
      expect(text.includes(`name:"${name}"`), name).toBe(false);
    expect(text).not.toContain("Multiplies.");
    expect(text).not.toContain("has no meaning in an expression");
  });

  it("parts of the compiler for tensors, batches and loops are not in programs that make none", () => {
    const named = (...names: readonly string[]): readonly string[] => names.map((name) => `name:"${name}"`);
    const ofTensors = [...named("lower-to-loops", "refine-shapes", "reduce", "for"), "pad(x) by nothing"];
    const ofLoops = ["while (true) {", "scan over tensors has no code", "function $grow(tape"];
    const ofOthers = [...named("batch", "batch-scans", "scan", "while", "push", "slice"), ...ofLoops];
    const partsIn = (program: string): readonly string[] => {
      const text = bundle(program);
      return [...ofTensors, ...ofOthers].filter((part) => text.includes(part));
    };
    expect(partsIn(expression)).toEqual([]);
    expect(partsIn(scalarGradient)).toEqual([]);
    expect(partsIn(trainingStep)).toEqual(ofTensors);
    expect(partsIn('export * from "./dist/index.js";')).toEqual([...ofTensors, ...ofOthers]);
  });

  it("what writes modules, prints IR, passes arrays in calls, checks passes and reads types as text is in programs that ask for it", () => {
    const writer = "// Made by Adjoint";
    const arrays = "function $numbers(x)";
    const checks = "is defined twice";
    const texts = "the end of the type";
    const printed = " loc(none)";
    const heldBy = (program: string): readonly string[] => {
      const text = bundle(program);
      return [writer, arrays, checks, texts, printed].filter((part) => text.includes(part));
    };
    expect(heldBy(expression)).toEqual([]);
    expect(heldBy(scalarGradient)).toEqual([]);
    expect(heldBy(trainingStep)).toEqual([]);
    const importing = (name: string): string => `${expression}\nexport { ${name} } from "./dist/mini.js";`;
    expect(heldBy(importing("toModule"))).toEqual([writer, arrays]);
    expect(heldBy(importing("bringChecks"))).toEqual([checks]);
    expect(heldBy(importing("bringTexts"))).toEqual([printed]);
    expect(heldBy(importing("Graph"))).toEqual([texts]);
    expect(heldBy('export * from "./dist/index.js";')).toEqual([writer, arrays, checks, texts, printed]);
  });

  it("what documents the attributes of ops is not in them", () => {
    expect(bundle('export * from "./dist/index.js";')).not.toContain("the axes that disappear");
  });
});

describeBuilt("adjoint/mini", () => {
  it("exports what adjoint exports", () => {
    expect(Object.keys(mini).sort()).toEqual(Object.keys(adjoint).sort());
  });
});
