// The public face: names once public stay, what a tensor comes first of is a method, and bundlers drop what is not used.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import * as methods from "../src/library/methods.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const known: { readonly functions: string[]; readonly types: string[]; readonly members: string[] } = JSON.parse(
  readFileSync(at("fixtures/public-names.json"), "utf8"),
);

describe("public names", () => {
  it("stay, those of functions and of tensors' members", () => {
    expect(known.functions.filter((name) => !(name in adjoint))).toEqual([]);
    expect(known.members.filter((name) => !(name in adjoint.Tensor.prototype || name in adjoint.tensor(1)))).toEqual(
      [],
    );
  });

  it("stay, those of types", () => {
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(at("../tsconfig.json"), ts.sys.readFile).config,
      ts.sys,
      at(".."),
    );
    const program = ts.createProgram([at("../src/index.ts")], options);
    const checker = program.getTypeChecker();
    const face = program.getSourceFile(at("../src/index.ts"));
    const symbol = face && checker.getSymbolAtLocation(face);
    const names = symbol ? checker.getExportsOfModule(symbol).map((s) => s.name) : [];
    expect(known.types.filter((name) => !names.includes(name))).toEqual([]);
  });

  it("of functions that take a tensor first are those of methods", () => {
    expect(Object.keys(methods).filter((name) => !(name in adjoint))).toEqual([]);
    const missing = Object.keys(methods).filter(
      (name) => typeof Object.getOwnPropertyDescriptor(adjoint.Tensor.prototype, name)?.value !== "function",
    );
    expect(missing).toEqual([]);
  });
});

describe("a bundle of everything", () => {
  it("has the methods", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "bundle-")), "all.mjs");
    await build({ entryPoints: [at("../src/index.ts")], bundle: true, format: "esm", platform: "node", outfile: path });
    const { Tensor, tensor } = (await import(pathToFileURL(path).href)) as typeof adjoint;
    expect(Object.keys(methods).filter((name) => !(name in Tensor.prototype))).toEqual([]);
    expect([tensor([1, 2]).sum().item(), tensor([1, 3]).var().item(), tensor([1]).add([0], 2).toArray()]).toEqual([
      3,
      1,
      [3],
    ]);
    expect(tensor(2, { requiresGrad: true }).requiresGrad).toBe(true);
  });
});

/** The text of a bundle of some names, from one of all: calls of functions without side effects are told in one file. */
async function bundleOf(names: string): Promise<string> {
  const common = { bundle: true, format: "esm", write: false, absWorkingDir: at("..") } as const;
  const contents = 'export * from "./src/library/functions.ts"; export * from "./src/frontend/public.ts";';
  const all = await build({ ...common, stdin: { contents, resolveDir: at(".."), loader: "ts" } });
  const plugin = {
    name: "all",
    setup(setting: import("esbuild").PluginBuild) {
      setting.onResolve({ filter: /^all$/ }, () => ({ path: "all", namespace: "all" }));
      setting.onLoad({ filter: /.*/, namespace: "all" }, () => ({ contents: all.outputFiles[0].text }));
    },
  };
  const some = await build({ ...common, plugins: [plugin], stdin: { contents: `export { ${names} } from "all";` } });
  return some.outputFiles[0].text;
}

describe("a bundle without methods", () => {
  it("holds the ops of the functions that it exports, and of others none that they do not need", async () => {
    const text = await bundleOf("sin, matmul");
    const holds = (op: string): boolean => text.includes(`name: "${op}"`);
    expect(["sin", "cos", "dot"].filter((op) => !holds(op))).toEqual([]);
    expect(["conv", "cholesky", "lu", "sort", "rng_bits", "erf", "lgamma"].filter(holds)).toEqual([]);
  });
});
