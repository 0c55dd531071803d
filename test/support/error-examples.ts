// A program for each error code that provokes it: docs/errors.md shows them with the messages that they give.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as ir from "../../src/entry/ir.ts";
import * as passes from "../../src/entry/passes.ts";
import * as source from "../../src/entry/source.ts";
import type { AdjointError, ErrorCode } from "../../src/index.ts";
import * as adjoint from "../../src/index.ts";

/** Bodies of functions that see every entry point's exports. */
const programs: Readonly<Record<ErrorCode, string>> = {
  syntax: 'compileExpression("2x", ["x"]);',
  unsupported: 'compileSource("export const f = (x: number) => parseInt(x);");',
  name: 'compile(add, ["float32[3]", "f64"]);',
  dtype: "add(f32([1, 2]), f64([1, 2]));",
  shape: "matmul(tensor([[1, 2], [3, 4]]), tensor([[1, 2, 3]]));",
  axis: "sum(tensor([1, 2]), { axes: 1 });",
  attribute: "polygamma(-1, 2);",
  arity: 'parseModule("func @f(%x: f64) -> f64 {\\n  %y = mul %x : f64\\n  return %y\\n}");',
  structure: 'parseModule("func @f(%x: f64) -> f64 {\\n  %y = call @f(%x) : f64\\n  return %y\\n}");',
  literal: "add(i32([1, 2]), 0.5);",
  scope: `let kept;
compile((x) => (kept = mul(x, x)), ["f64"]);
add(kept, 1);`,
  primitive: 'compile((x) => x * 2, ["f64"]);',
  "no-derivative": "grad((x) => mul(x, 2))([1, 2]);",
  "no-eval": `const text = \`func @f(%x: f64) -> f64 {
  return %x
}
func @slope(%x: f64) -> f64 {
  %one = constant 1 : f64
  %y, %d = vjp @f(%x) cotangents(%one) : f64, f64
  return %d
}\`;
compile(text, { entry: "slope", backend: "interpret", pipeline: new Pipeline([]) })(2);`,
  option: "sum(tensor([1, 2]), { axis: 0 });",
  argument: 'compile(add, ["f64[N]", "f64[N]"])([1, 2, 3], [1, 2]);',
  check: 'compile((x) => (check(less(x, 3), "x is too large"), x), ["f64"])(4);',
  nan: 'compileExpression("x * log(x)", ["x"], { debug: true })(0);',
  range: 'take(tensor([1, 2, 3]), tensor([5], { dtype: "i32" }), { axis: 0 });',
  verify: `const run = (m) => makeModule(m.funcs.map((f) => makeFunc({ ...f, body: without(f.body) })));
const without = (body) => makeBlock(body.arguments, [], body.results);
const pass = definePass({ name: "forgetful", summary: "Leaves out every operation.", run });
compile(mul, ["f64", "f64"], { check: "verify", pipeline: new Pipeline([{ pass, reason: "to show it" }]) });`,
  validate: `const p = vocabulary(ops.records);
const wrong = rule("x * y → x + y", (x, y) => p.mul(x, y), (x, y) => ops.add(x, y));
const run = (m, context) => applyRules(m, [wrong], context);
const pass = definePass({ name: "tempting", summary: "Adds instead.", run });
compile(mul, ["f64", "f64"], { check: "validate", pipeline: new Pipeline([{ pass, reason: "to show it" }]) });`,
};

/** What the programs see. */
const scope: Readonly<Record<string, unknown>> = { ...passes, ...source, ...ir, ...adjoint };

interface Provoked {
  readonly program: string;
  readonly error: AdjointError;
  readonly message: string;
}

/** The program of a code, the error that it gives, and its message with the program's own lines. */
export async function provoke(code: ErrorCode): Promise<Provoked> {
  const program = programs[code];
  const names = Object.keys(scope).filter((name) => program.includes(name));
  const folder = mkdtempSync(join(tmpdir(), "adjoint-errors-"));
  const file = join(folder, "program.mjs");
  // one line before the program
  writeFileSync(file, `export default ({ ${names.join(", ")} }) => {\n${program}\n};\n`);
  try {
    const { default: run } = await import(pathToFileURL(file).href);
    run(scope);
  } catch (error) {
    if (!(error instanceof adjoint.AdjointError)) throw error;
    const message = error.message.replace(/[^\s(]*program\.mjs:(\d+)/g, (_, line) => `program.mjs:${line - 1}`);
    return { program, error, message };
  } finally {
    rmSync(folder, { recursive: true });
  }
  throw new Error(`the program of ${code} ends without an error:\n${program}`);
}
