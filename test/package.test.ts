// The built package: what importing it loads, and that the examples run.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import ts from "typescript";
import { expect, it } from "vitest";
import { runPasses } from "../src/compile/index.ts";
import type { AdjointError } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { definePass, Pipeline } from "../src/rewrite/index.ts";
import { describeBuilt } from "./support/needs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

function node(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** What a file, minified or of types, imports when it is loaded. */
function importsOf(path: string): readonly string[] {
  const { statements } = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const sources = statements.map((s) =>
    ts.isImportDeclaration(s) || ts.isExportDeclaration(s) ? s.moduleSpecifier : undefined,
  );
  return sources.flatMap((source) => (source !== undefined && ts.isStringLiteral(source) ? [source.text] : []));
}

/** The packages that importing a file loads: those that every file it reaches names. */
function packagesOf(entry: string): readonly string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const name of importsOf(path)) {
      if (name.startsWith("."))
        visit(resolve(dirname(path), path.endsWith(".d.ts") ? name.replace(/js$/, "d.ts") : name));
      else packages.add(name);
    }
  };
  visit(resolve(root, entry));
  return [...packages];
}

const squared = `import { compileSource } from "adjoint/source";
const f = compileSource("export function f(x: number) { return x * x; }", { gradient: true });
console.log(JSON.stringify(f(3)));`;

/** What a bundler leaves of a program, run. */
function bundled(program: string): string {
  const folder = mkdtempSync(join(root, "build/bundled-"));
  try {
    const outfile = join(folder, "out.mjs");
    const stdin = { contents: program, resolveDir: root };
    buildSync({ stdin, bundle: true, minify: true, format: "esm", platform: "node", outfile, logLevel: "error" });
    return node(outfile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeBuilt("the package as built", () => {
  it("bundled for one function still has methods, gradients and what runs at once", () => {
    // by its path: the name leads to the sources here
    const program = `import { tensor } from "./dist/index.js";
const a = tensor(15, { requiresGrad: true });
const c = a.mul(20);
c.backward();
console.log(c.item(), a.grad.item(), tensor([1, 2]).sum().item());`;
    expect(bundled(program)).toBe("300 20 3\n");
  });

  it("importing, tracing and compiling loads neither typescript nor fast-check, nor does the command", () => {
    const packages = (entry: string) => packagesOf(entry).filter((name) => !name.startsWith("node:"));
    expect([packages("dist/index.js"), packages("dist/cli.js")]).toEqual([[], []]);
    expect(packages("dist/testing.js")).toEqual(["fast-check"]);
  });

  it("the types of all but the testing kit name no package either", () => {
    for (const entry of ["index", "mini", "ir", "passes", "source"])
      expect(packagesOf(`dist/${entry}.d.ts`), entry).toEqual([]);
    expect(packagesOf("dist/testing.d.ts")).toEqual(["fast-check"]);
  });

  it("adjoint/source compiles functions of TypeScript", () => {
    expect(node("--input-type=module", "--eval", squared)).toBe("[9,[6]]\n");
  });

  it("adjoint/source without the package typescript says what to install", () => {
    const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
    const own = join(folder, "node_modules/adjoint");
    mkdirSync(own, { recursive: true });
    for (const path of ["package.json", "dist"]) cpSync(join(root, path), join(own, path), { recursive: true });
    const run = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    const message =
      "adjoint/source reads files with the package typescript, which is not installed: npm install typescript@6";
    expect(run("--input-type=module", "--eval", squared).stderr).toContain(`AdjointError: ${message}`);
    expect(run("--input-type=module", "--eval", 'import "adjoint"').status).toBe(0);
    const command = run(join(own, "dist/cli.js"), "opt", join(root, "src/index.ts"));
    expect(command).toMatchObject({ status: 1, stdout: "", stderr: `${message}\n` });
    rmSync(folder, { recursive: true, force: true });
  });

  it("the example walks c = a·b to 300, 20 and 15", () => {
    const out = node("--enable-source-maps", "build/examples/product.js");
    expect(out).toContain("c     = a·b = 300");
    expect(out).toContain("dc/da = b   = 20");
    expect(out).toContain("dc/db = a   = 15");
    expect(out).toContain("// examples/product.ts:");
  });

  it("c = a·b is 300, 20 and 15 as an expression", () => {
    expect(node("build/examples/expression.js")).toContain("c = 300, dc/da = 20, dc/db = 15");
  });

  it("c = a·b is 300, 20 and 15 declared", () => {
    expect(node("build/examples/declared.js")).toBe("c = 300, dc/da = 20, dc/db = 15\n");
  });

  it("c = a·b is 300, 20 and 15 defined by running", () => {
    expect(node("build/examples/eager.js")).toBe("c = 300, dc/da = 20, dc/db = 15\n");
  });
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
