// The sources as the engine loads them itself: each file transpiled, none transformed for the test runner, in which every name
// that is imported from an index is found anew, through a function for each index on the way, wherever it is used. Tests are
// as they were, and importing the sources takes a fifth of the time.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";

const folders = ["src", "passes"];

const importedFile = /((?:from|import)\s*\(?\s*"\.{1,2}\/[^"]+)\.ts"/g;

/** What leads imports of the sources below `root` to their transpiled files, for the configuration of the test runner. */
export async function transpiledSources(root: string) {
  const beside = join(root, "build/sources");
  const placeOf = (path: string): string => join(beside, relative(root, path)).replace(/\.ts$/, ".mjs");
  const { outputFiles } = await build({
    entryPoints: folders.flatMap((folder) => filesIn(join(root, folder))),
    outbase: root,
    outdir: beside,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    tsconfigRaw: {},
    write: false,
  });
  for (const { path, text } of outputFiles) writeChanged(path, text.replace(importedFile, '$1.mjs"'));
  // the command says its version
  copyFileSync(join(root, "package.json"), join(beside, "package.json"));
  const isSource = (path: string): boolean =>
    path.endsWith(".ts") && folders.some((folder) => path.startsWith(join(root, folder, "/")));
  return {
    name: "transpiled-sources",
    enforce: "pre" as const,
    resolveId(id: string, importer: string | undefined): string | null {
      const path = id.startsWith(".") && importer !== undefined ? resolve(dirname(importer), id) : id;
      return isSource(path) ? placeOf(path) : null;
    },
  };
}

function filesIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

/** Another run may be reading the file. */
function writeChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
