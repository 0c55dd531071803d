// The built package: what importing it loads, and that the examples run.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runPasses } from "../src/compile/index.ts";
import type { AdjointError } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { definePass, Pipeline } from "../src/rewrite/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = existsSync(`${root}dist/index.js`);

function node(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

it.skipIf(!built)("importing, tracing and compiling loads neither typescript nor fast-check", () => {
  // every file that the entry reaches, and the packages these name
  const source = node(
    "--eval",
    `const fs = require("fs"); const seen = new Set(); const visit = (p) => { if (seen.has(p)) return; seen.add(p); for (const m of fs.readFileSync(p, "utf8").matchAll(/(?:from|import) ?"([^"]+)"/g)) { if (m[1].startsWith(".")) visit(require("path").resolve(require("path").dirname(p), m[1])); else console.log(m[1]); } }; visit(require("path").resolve("dist/index.js"));`,
  );
  expect(source).not.toMatch(/typescript|fast-check/);
});

it.skipIf(!built)("the example walks c = a·b to 300, 20 and 15", () => {
  const out = node("--enable-source-maps", "dist/examples/product.js");
  expect(out).toContain("c     = a·b = 300");
  expect(out).toContain("dc/da = b   = 20");
  expect(out).toContain("dc/db = a   = 15");
  expect(out).toContain("// examples/product.ts:");
});

it.skipIf(!built)("c = a·b is 300, 20 and 15 as an expression", () => {
  expect(node("dist/examples/expression.js")).toContain("c = 300, dc/da = 20, dc/db = 15");
});

it.skipIf(!built)("c = a·b is 300, 20 and 15 declared", () => {
  expect(node("dist/examples/declared.js")).toBe("c = 300, dc/da = 20, dc/db = 15\n");
});

it.skipIf(!built)("c = a·b is 300, 20 and 15 defined by running", () => {
  expect(node("dist/examples/eager.js")).toBe("c = 300, dc/da = 20, dc/db = 15\n");
});

it("a failing pass leaves IR that reruns it", () => {
  const failing = definePass({
    name: "failing",
    summary: "Fails.",
    run() {
      throw new Error("lost the thread");
    },
  });
  const module = parse("func @f(%x: f64) -> f64 {\n  %y = neg %x : f64\n  return %y\n}\n");
  try {
    runPasses(module, new Pipeline([{ pass: failing, reason: "a test" }]));
    expect.unreachable();
  } catch (error) {
    const { reproducer, message } = error as AdjointError;
    expect(message).toContain("pass failing: lost the thread");
    expect(reproducer).toMatch(/^\/\/ pass: failing\nfunc @f/);
    expect(parse(reproducer ?? "").funcs.length).toBe(1);
  }
});
