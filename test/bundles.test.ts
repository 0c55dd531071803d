// Bundled programs do what they do where nothing is left out of the package.

import fc from "fast-check";
import { expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { bundled } from "./support/bundle.ts";
import { describeBuilt } from "./support/needs.ts";
import { runs } from "./support/runs.ts";

/** A program: the names that it imports, and what it gives. */
const programs: Readonly<Record<string, readonly [names: string, body: string]>> = {
  "elementwise code on arrays": ["add, jit, mul", "jit((x, y) => add(mul(x, y), 1))([[1], [2]], [3, 4])"],
  "compiled for symbolic sizes": ["compile, sin", 'compile((x) => sin(x), ["f64[N]"])([1, 2, 3])'],
  "the gradient of a sum": ["grad, mul, sum", "grad((x) => sum(mul(x, x)))([1, 2, 3])"],
  "a gradient that does not read an array": ["grad, mul", "grad((a, b) => mul(a, a), { wrt: [0, 1] })(3, [1, 2])"],
  "a gradient of numbers in structures": [
    "mul, valueAndGrad",
    "valueAndGrad((p) => mul(p.a, p.b.c))({ a: 3, b: { c: 4 } })",
  ],
  "the gradient of a branch": [
    "cond, grad, less, mul",
    "grad((x) => cond(less(x, 3), (x) => mul(x, x), (x) => x, x))(2)",
  ],
  "the gradient of a loop": [
    "grad, less, mul, whileLoop",
    "grad((x) => whileLoop((y) => less(y, 100), (y) => mul(y, y), x))(2)",
  ],
  "the gradient of a branch in a loop": [
    "add, cond, fori, grad, less, mul",
    "grad((x) => fori(0, 5, (i, y) => cond(less(y, 10), (y) => mul(y, y), (y) => add(y, 1), y), x))(1.5)",
  ],
  "the gradient of a branch in steps of tensors": [
    "add, cond, grad, less, mul, scan, sum, tensor",
    `grad((x) => sum(scan((c, s) => [cond(less(sum(c), 10), (c) => mul(c, s), (c) => add(c, s), c), c], x, tensor([2, 3]))[1]))(
      [1, 2])`,
  ],
  "a counted loop": ["add, fori, jit", "jit((x) => fori(0, 10, (i, y) => add(y, y), x))(1)"],
  "steps of a scan side by side": [
    "jit, less, mul, scan, tensor, whileLoop",
    `jit((xs) => scan((c, x) => [c, whileLoop((y) => less(y, 100), (y) => mul(y, 2), x)], [], xs)[1])(
      tensor([1, 2, 3, 4, 5, 6, 7, 8]))`,
  ],
  "a sum of squares in order": ["jit, mul, sort, sum", "jit((x) => sum(mul(sort(x), x)))([3, 1, 2])"],
  "the median": ["jit, median", "jit((x) => median(x))([3, 1, 2, 5])"],
  "a permutation": ["jit, key, permutation", "jit((x) => permutation(key(7), x))([1, 2, 3, 4, 5])"],
  "the slopes of a determinant": ["det, grad", "grad((x) => det(x))([[1, 2], [3, 4]])"],
  "sizes as text": ["compile, reshape", 'compile((x) => reshape(x, ["2*N"]), ["f64[2, N]"])([[1, 2, 3], [4, 5, 6]])'],
  "a checked compilation": [
    "bringChecks, compileExpression",
    '(bringChecks(), compileExpression("x^2", ["x"], { check: "validate" })(3))',
  ],
  "a standalone module": ["compileExpression, toModule", 'toModule(compileExpression("x^2 + y", ["x", "y"])).types'],
  "a standalone module of IR": ["compile", 'compile("func @f(%x: f64[3]) -> f64[3] { return %x }").toModule().types'],
  "a standalone module of what is jitted": [
    "jit, mul, toModule",
    `(() => { const f = jit((x) => mul(x, 2)); f([1, 2]); return toModule(f).code.slice(0, 60); })()`,
  ],
  "a batch": ["mul, vmap", "vmap((x, y) => mul(x, y), { inAxes: [0, null] })([1, 2, 3], 2)"],
  "a batch of branches": [
    "cond, less, mul, vmap",
    "vmap((x) => cond(less(x, 2), (x) => mul(x, x), (x) => x, x))([1, 2, 3])",
  ],
  "a batch of checks": [
    "add, cast, tensor, vmap",
    'vmap((x, n) => add(cast(x, "i32"), n), { inAxes: [0, null] })([1, 2, 3], 2)',
  ],
  "a batch of gradients": ["grad, mul, sin, vmap", "vmap(grad((x) => mul(x, sin(x))))([1, 2, 3])"],
  "a Jacobian": ["jacobian, mul", "jacobian((x) => mul(x, x))([1, 2])"],
  "a Hessian of arrays": ["hessian, mul, sum", "hessian((x) => sum(mul(x, mul(x, x))))([1, 2])"],
  "a Hessian of numbers": ["hessian, mul", "hessian((x, y) => mul(mul(x, x), y), { wrt: [0, 1] })(3, 5)"],
  "forward mode": ["jvp, mul", "jvp((x) => mul(x, x))([[1, 2]], [[1, 0]])"],
  "reverse mode": ["mul, tensor, vjp", "vjp((x) => mul(x, x))([[1, 2]], tensor([1, 0]))"],
  "a product with the Hessian": ["hvp, mul, sum", "hvp((x) => sum(mul(x, mul(x, x))))([1, 2], [1, 0])"],
  "a checkpoint": ["checkpoint, grad, mul, sum", "grad((x) => sum(checkpoint((y) => mul(y, y))(x)))([1, 2])"],
  "eager tensors": ["mul, sum, tensor", "sum(mul(tensor([1, 2]), 3))"],
  "eager gradients": [
    "add, mul, tensor",
    "(() => { const x = tensor(3, { requiresGrad: true }); add(mul(x, x), x).backward(); return x.grad; })()",
  ],
  "a declared graph": [
    "Graph, Session, f64, mul",
    `(() => {
      const graph = new Graph();
      const x = graph.placeholder(f64, { name: "x" });
      const y = mul(x, x);
      const [dx] = graph.gradients(y, [x]);
      return new Session(graph).run([y, dx], { x: 3 });
    })()`,
  ],
  "IR as text": [
    "compile",
    'compile("func @f(%x: f64[3]) -> f64 { %y = reduce %x, kind = sum, axes = [0] : f64 return %y }")([1, 2, 3])',
  ],
  "an expression whose function makes tensors": [
    "compileExpression, mul, sum, tensor",
    `compileExpression("f(x) + 1", ["x"], { gradient: true, functions: { f: (x) => sum(mul(tensor([1, 2, 3]), x)) } })(2)`,
  ],
};

/** Tensors as nested arrays, here and in a bundle, whose class is another. */
function plain(x: unknown): unknown {
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x !== "object" || x === null) return x;
  if ("toArray" in x && typeof x.toArray === "function") return x.toArray();
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, plain(value)]));
}

/** What a program gives where the package is whole. */
function whole([, body]: (typeof programs)[string]): unknown {
  const names = Object.keys(adjoint);
  return new Function(...names, `return ${body};`)(...Object.values(adjoint));
}

describeBuilt("a bundle of a program", () => {
  it("sweeps rows as often as the whole package does, though it has no sums of products", () => {
    const { changed } = bundled(`import { compile, softmax } from "./dist/mini.js";
      const f = compile((x) => softmax(x), ["f32[64, 70]"]);
      export const changed = () => f.log.entries.filter((e) => e.before !== e.after).map((e) => e.pass);`);
    expect(changed()).toEqual(expect.arrayContaining(["merge-loops", "shrink-memory"]));
  });

  it.each(Object.entries(programs))("gives the same results: %s", (_, program) => {
    const [names, body] = program;
    const { run } = bundled(`import { ${names} } from "./dist/mini.js"; export const run = () => ${body};`);
    expect(plain(run())).toStrictEqual(plain(whole(program)));
  });

  it("says what to import for a method or an option that needs more", () => {
    const { ir, jitted, logged, run } = bundled(
      `import { compileExpression, jit, reshape } from "./dist/mini.js";
      export const run = (options) => compileExpression("x^2", ["x"], options).toModule();
      export const jitted = jit((x) => reshape(x, ["N"]));
      const f = compileExpression("x^2", ["x"]);
      export const ir = () => f.ir;
      export const logged = (options) => f.log.text(options);`,
    );
    expect(() => run({})).toThrow(
      '@main: toModule: what writes modules is not in this program: write toModule(f), imported from "adjoint/mini"',
    );
    expect(() => run({ check: "verify" })).toThrow(
      "compileExpression: option 'check' is 'verify', but what checks passes is not in this program: call bringChecks(), imported from \"adjoint/mini\", before",
    );
    const wanted = 'what prints IR is not in this program: call bringTexts(), imported from "adjoint/mini", before';
    expect(ir).toThrow(`main.ir: ${wanted}`);
    expect(logged({ timing: false })).toContain("// ----- cse: nothing to do");
    for (const options of [{ diff: true }, { modules: true }])
      expect(() => logged(options)).toThrow(`log.text: ${wanted}`);
    expect(() => run({ check: "all" })).toThrow("option 'check' is 'all', expected one of none, verify, validate");
    expect(() => jitted([1, 2])).toThrow(
      "the extent 'N' is text, in a program whose sizes have no names: write a number, or an extent as x.shape[0]",
    );
  });

  it("says what to write where arrays of different shapes come to code of numbers", () => {
    const { run } = bundled(
      'import { add, grad } from "./dist/mini.js"; export const run = grad((x, y) => add(x, y));',
    );
    expect(() => run([1, 2], 3)).toThrow("write tensor(…) around an array that is passed");
    expect(run(1, 3)).toBe(1);
  });
});

/** Texts of expressions in x and y. */
const expressions = fc.letrec<{ number: string; test: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom("x", "y", "0", "1", "2.5", "PI"),
    fc
      .tuple(fc.constantFrom("sin", "exp", "sqrt", "abs", "floor", "atan", "-"), tie("number"))
      .map(([f, x]) => `${f}(${x})`),
    fc
      .tuple(fc.constantFrom("+", "-", "*", "/", "%", "^"), tie("number"), tie("number"))
      .map(([op, x, y]) => `(${x}) ${op} (${y})`),
    fc
      .tuple(fc.constantFrom("max", "min", "hypot"), tie("number"), tie("number"))
      .map(([f, x, y]) => `${f}(${x}, ${y})`),
    fc.tuple(tie("test"), tie("number"), tie("number")).map(([p, x, y]) => `(${p} ? ${x} : ${y})`),
  ),
  test: fc
    .tuple(fc.constantFrom("<", "<=", "=="), tie("number"), tie("number"))
    .map(([op, x, y]) => `(${x}) ${op} (${y})`),
})).number;

/** Generated code without its kernels, whose own text a bundler makes smaller. */
function ownCode(source: string | null): string | undefined {
  return source?.slice(/^function /m.exec(source)?.index);
}

describeBuilt("a bundle of compileExpression", () => {
  const { compileExpression } = bundled(
    'import { bringTexts, compileExpression } from "./dist/mini.js"; bringTexts(); export { compileExpression };',
  );

  it("compiles any expression to the same code, with the same derivatives", () => {
    const options = fc.constantFrom({}, { gradient: true }, { hessian: true });
    fc.assert(
      fc.property(expressions, options, fc.double(), fc.double(), (text, given, x, y) => {
        const both = [adjoint.compileExpression, compileExpression as typeof adjoint.compileExpression];
        // on one line, which the code names
        const [ours, theirs] = both.map((compile) => compile(text, ["x", "y"], given));
        expect(theirs.ir).toBe(ours.ir);
        expect(ownCode(theirs.source)).toBe(ownCode(ours.source));
        expect(theirs(x, y)).toStrictEqual(ours(x, y));
      }),
      runs(60),
    );
  });
});
