// The stack of an error: the user's calls alone, the line that it is about first; in sources, in bundles, and as Node shows it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdjointError, interpret, verify } from "../src/entry/ir.ts";
import { compileModule, definePass, Pipeline, runPasses } from "../src/entry/passes.ts";
import * as api from "../src/index.ts";
import { compileSource, readSource } from "../src/source/index.ts";
import { wrongCalls } from "./fixtures/wrong-calls.ts";
import { errorOf } from "./support/errors.ts";

const { add, check, compile, grad, jit, less, log, matmul, mul, parseModule, sum, tensor } = api;
type Tensor = api.Tensor;

const rows = tensor([
  [1, 2],
  [3, 4],
]);
const row = tensor([[1, 2, 3]]);
const wrongIr = "func @f(%x: f64) -> f64 {\n  %y = sine %x : f64\n  return %y\n}\n";
const fails = definePass({
  name: "fails",
  summary: "Fails.",
  run: () => {
    throw new AdjointError("structure", "no");
  },
});
const failing = new Pipeline([{ pass: fails, reason: "a test" }]);
// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is tried
const any = (x: unknown): any => x;

const framesOf = ({ stack }: Error): readonly string[] => stack?.split("\n").filter((l) => /^\s+at /.test(l)) ?? [];

/** The lines of this file in an error's stack, from the line on which it was provoked. */
function ownLines(error: Error): readonly number[] {
  return framesOf(error).flatMap((frame) => {
    const line = /stacks\.test\.ts:(\d+)/.exec(frame)?.[1];
    return line === undefined ? [] : [Number(line)];
  });
}

const ours = /\/(src|passes)\//;

describe("frames of ours are in no stack", () => {
  it.each(Object.entries(wrongCalls))("%s", (_, [, call]) => {
    const frames = framesOf(errorOf(call));
    expect(frames[0]).toMatch(/wrong-calls\.ts/);
    expect(frames.filter((frame) => ours.test(frame))).toEqual([]);
  });

  it.each([
    ["eager", () => matmul(rows, row)],
    ["a trace", () => compile((x) => matmul(x, row), ["f64[2, 2]"])],
    ["an operator", () => any(rows) * 2],
    ["IR", () => parseModule(wrongIr)],
    ["no module", () => verify(any(1))],
    ["no module to print", () => api.printModule(any(1))],
    ["no module to compile", () => compileModule(any({ funcs: [] }))],
    ["no module to run", () => interpret(any({ funcs: [] }), "main", [])],
    ["a pass", () => runPasses(parseModule("func @f() {\n  return\n}\n"), failing)],
    ["TypeScript", () => compileSource("export function f(x) { return x; }")],
    ["TypeScript to read", () => readSource("export function f(x) { return x; }")],
    ["an expression", () => api.compileExpression("sin(x", ["x"])],
    ["a constructor", () => new api.Tensor(any(3))],
    ["too few arguments", () => any(compile((w, x) => mul(w, x), ["f64", "f64"]))(1)],
    ["a feed", () => new api.Session(new api.Graph()).run(any(1))],
    [
      "a check of generated code",
      () =>
        compile(
          (x: Tensor) => {
            check(less(x, 3), "large");
            return x;
          },
          ["f64"],
        )(4),
    ],
    [
      "an index of generated code",
      () => compileSource("export function f(a: number[], i: number) { return a[i]; }")(any([1]), 5),
    ],
    ["a transform", () => grad((x: Tensor) => mul(x, 2))(rows)],
  ])("%s", (_, call) => {
    const error = errorOf(call);
    expect(framesOf(error)[0]).toMatch(/stacks\.test\.ts/);
    expect(framesOf(error).filter((frame) => ours.test(frame))).toEqual([]);
  });

  it("however deep functions of the user's and ours are called inside each other", () => {
    const wraps: readonly ((f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor)[] = [
      (f) => (x) => jit((y: Tensor) => f(y))(x) as Tensor,
      (f) => (x) => sum(grad((y: Tensor) => sum(f(y)))(x) as Tensor),
      (f) => (x) =>
        api.cond(
          less(1, 2),
          () => f(x),
          () => x,
        ) as Tensor,
      (f) => (x) => api.fori(0, 2, (_, y) => f(y as Tensor), x) as Tensor,
      (f) => (x) => api.checkpoint((y: Tensor) => f(y))(x) as Tensor,
      (f) => (x) => f(x),
      (f) => (x) => add(f(x), 1),
    ];
    fc.assert(
      fc.property(fc.array(fc.nat(wraps.length - 1), { maxLength: 4 }), (chosen) => {
        const made = chosen.reduce(
          (f, i) => wraps[i](f),
          (x: Tensor): Tensor => matmul(x, row),
        );
        const error = errorOf(() => made(rows));
        // one line for each function of the user's that is called, and that of the call itself
        expect(framesOf(error).filter((frame) => ours.test(frame))).toEqual([]);
        const calls = ownLines(error).slice(0, chosen.length + 1);
        expect(error.origin?.line).toBe(calls[0]);
      }),
      { numRuns: 60 },
    );
  });

  it("and those between are all there, in order", () => {
    function inner(x: Tensor): Tensor {
      return matmul(x, row);
    }
    function middle(x: Tensor): Tensor {
      return jit((y: Tensor) => inner(y))(x) as Tensor;
    }
    const names = framesOf(
      errorOf(() =>
        grad(function outer(x: Tensor) {
          return sum(middle(x));
        })(rows),
      ),
    );
    expect(names.slice(0, 4).map((frame) => /at (\S+) \(/.exec(frame)?.[1] ?? "")).toEqual([
      "inner",
      "",
      "middle",
      "outer",
    ]);
  });
});

describe("an error of a run", () => {
  it("begins with the line that it is about, then has the call", () => {
    const f = jit((x: Tensor) => log(x), { debug: true });
    const [first, second] = ownLines(errorOf(() => f(-2)));
    expect([first, second]).toEqual([first, first + 1]);
  });
});

describe("what is shown of an error", () => {
  it("is its message, the line with a caret, the user's frames and its code", () => {
    const error = errorOf(() => matmul(rows, row));
    const text = inspect(error);
    expect(text).toContain(`AdjointError: ${error.message}\n\n    const error = errorOf(() => matmul(rows, row));\n`);
    expect(text).toMatch(/\n {32}\^\n\n {4}at /);
    expect(text).toMatch(/ \{\n {2}code: 'shape'\n\}$/);
    expect(text).not.toMatch(/undefined|CapturedOrigin|_AdjointError/);
  });

  it("is the frame of a text, in the stack too", () => {
    const error = errorOf(() => parseModule(wrongIr));
    expect(error.frame).toBe("  %y = sine %x : f64\n       ^");
    expect(error.stack).toContain(
      `AdjointError: ${error.message}\n\n${error.frame}\n\n    at `.replace("\n\n    at ", "\n"),
    );
    expect(inspect(error)).toContain(error.frame);
  });

  it("is its cause where there is one, and in a structure that is shown in part its message", () => {
    const error = new AdjointError("argument", "it failed", { cause: new TypeError("why") });
    expect(inspect(error)).toMatch(/AdjointError: it failed\n {4}at [\s\S]*\[cause\]: TypeError: why/);
    expect(inspect([[[[error]]]], { depth: 3 })).toContain("[AdjointError: it failed]");
    expect(Object.hasOwn(new AdjointError("argument", "it failed"), "cause")).toBe(false);
  });

  it("is as long as the program wants stacks", () => {
    const limit = Error.stackTraceLimit;
    try {
      Error.stackTraceLimit = 1;
      expect(framesOf(errorOf(() => matmul(rows, row)))).toHaveLength(1);
      Error.stackTraceLimit = 0;
      expect(framesOf(errorOf(() => matmul(rows, row)))).toHaveLength(0);
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  it("is what the program says it is", () => {
    const error = errorOf(() => matmul(rows, row));
    error.stack = "another";
    expect(error.stack).toBe("another");
  });
});

const program = `import { grad, matmul, sum, tensor } from "./adjoint.mjs";

function model(w) {
  return sum(matmul(w, tensor([[1, 2, 3]])));
}
grad(model)(tensor([[1, 2], [3, 4]]));
`;

describe("an error that nobody catches", () => {
  const folder = mkdtempSync(join(tmpdir(), "stacks-"));
  beforeAll(async () => {
    writeFileSync(join(folder, "program.mjs"), program);
    const common = { bundle: true, format: "esm", platform: "node", logLevel: "error", minify: true } as const;
    const entry = join(import.meta.dirname, "..", "src", "index.ts");
    await build({ ...common, entryPoints: [entry], outfile: join(folder, "adjoint.mjs") });
    await build({ ...common, entryPoints: [join(folder, "program.mjs")], outfile: join(folder, "bundle.mjs") });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is shown by Node at the user's line, with the user's functions, though the package is minified", () => {
    const { stderr } = spawnSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" });
    expect(stderr).toMatch(
      /^file:.*program\.mjs:4\n {2}return sum\(matmul\(w, tensor\(\[\[1, 2, 3\]\]\)\)\);\n {13}\^\n/,
    );
    expect(stderr).toContain("AdjointError: program.mjs:4:14 matmul: operand 1 has shape [1, 3], expected [2, ?]");
    expect(framesOf({ name: "", message: "", stack: stderr }).slice(0, 2).join("\n")).toMatch(
      /^ {4}at model \(.*program\.mjs:4:14\)\n {4}at .*program\.mjs:6:12\)?$/,
    );
    expect(stderr).not.toContain("adjoint.mjs");
    expect(stderr).not.toContain("undefined");
  });

  it("has its name where all is one minified bundle", () => {
    const { stderr } = spawnSync(process.execPath, ["bundle.mjs"], { cwd: folder, encoding: "utf8" });
    expect(stderr).toContain("\nAdjointError: bundle.mjs:");
  });
});
