// Builds dist: bundled entry points with shared chunks and the examples, which takes a second, then the declarations, which
// take many: `--bundles` leaves those out. Either is skipped where nothing changed.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

const entries = {
  index: "src/index.ts",
  ir: "src/entry/ir.ts",
  passes: "src/entry/passes.ts",
  source: "src/entry/source.ts",
  testing: "src/entry/testing.ts",
  cli: "src/cli/bin.ts",
};

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

const sources = ["src", "passes", "examples", ".ci", "package.json", "tsconfig.json"].map((p) => join(root, p));
const changed = Math.max(...sources.map(newest));

await step("bundles", join(dist, ".bundles"), bundles);
if (!process.argv.includes("--bundles")) await step("declarations", join(dist, ".declarations"), declarations);

/** Does what is out of date, says what and how long it took. The stamp is as old as the beginning: sources may change meanwhile. */
async function step(what, stamp, work) {
  if ((statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0) > changed) return;
  console.log(`building ${what} …`);
  const start = new Date();
  await work();
  writeFileSync(stamp, "");
  utimesSync(stamp, start, start);
  console.log(`built ${what} in ${((Date.now() - start.getTime()) / 1000).toFixed(1)} s`);
}

async function bundles() {
  for (const name of existsSync(dist) ? readdirSync(dist) : []) {
    if (name !== "types" && name !== ".declarations") rmSync(join(dist, name), { recursive: true, force: true });
  }
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "node",
    external: ["fast-check", "typescript"],
    logLevel: "warning",
  };
  const present = Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))));
  await build({
    ...common,
    entryPoints: present,
    splitting: true,
    minifySyntax: true,
    outdir: "dist",
    chunkNames: "chunks/[hash]",
  });
  chmodSync(join(dist, "cli.js"), 0o755);
  const examples = readdirSync(join(root, "examples"), { recursive: true }).filter((name) => name.endsWith(".ts"));
  const points = Object.fromEntries(examples.map((name) => [name.slice(0, -".ts".length), `examples/${name}`]));
  await build({
    ...common,
    entryPoints: points,
    bundle: false,
    external: undefined,
    outdir: "dist/examples",
    sourcemap: "linked",
  });
}

/** Declarations keep the tree of the sources below dist/types. */
function declarations() {
  rmSync(join(dist, "types"), { recursive: true, force: true });
  const flags = [
    "--noEmit",
    "false",
    "--emitDeclarationOnly",
    "--declaration",
    "--outDir",
    "dist/types",
    "--rootDir",
    ".",
  ];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const config = join(root, ".ci/tsconfig.types.json");
  const { status } = spawnSync(process.execPath, [tsc, "-p", config, ...flags], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
