// Builds what is published, dist: bundles with shared chunks in a second or two, then bundled declarations, which take
// longer and which `--bundles` leaves out. Beside it, in build, the examples that tests and benchmarks run. Each is
// skipped where nothing changed.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { mendedDeclarations } from "./declarations.mjs";
import { documentation } from "./documentation.mjs";
import { minified, minify } from "./minified.mjs";
import { namespaces } from "./namespaces.mjs";
import { pureCalls } from "./pure-calls.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/** What is built and not published; the stamps say how old it is. */
const beside = join(root, "build");

const entries = {
  index: "src/index.ts",
  mini: "src/entry/mini.ts",
  ir: "src/entry/ir.ts",
  passes: "src/entry/passes.ts",
  source: "src/entry/source.ts",
  testing: "src/entry/testing.ts",
};
const command = { cli: "src/cli/bin.ts" };

/** Bundled into dist: a page without a bundler cannot find a package by its name. */
const bundled = ["immer"];
/** Of the command alone: a chunk of its own, since what its CommonJS asks of Node would come into chunks of the library. */
const ofCommand = "commander";
const commandChunk = {
  name: "command-chunk",
  resolveId: (id) => (id === ofCommand ? { id: `./chunks/${ofCommand}.js`, external: true } : null),
};
/** Optional peers, which whoever uses them has. */
const peers = ["fast-check", "typescript"];

/** Few files, since each costs some tenths of a millisecond when a program starts. */
const chunks = [
  // all that compiles; not what installs methods, nor the documentation of ops, nor edits of drafts, which not every entry loads
  {
    name: "core",
    test: /.src.(ir(?!.edit.edit-module)|ops.(?!documentation)|rewrite|backend|runtime|compile|frontend|library.(?!index|methods)|api|parts)\b|.passes.(tensor|loop|index)/,
  },
];

const common = {
  config: false,
  cwd: root,
  format: "esm",
  target: "es2022",
  fixedExtension: false,
  hash: false,
  logLevel: "warn",
  report: false,
  tsconfig: join(root, "tsconfig.json"),
  inputOptions: { checks: { pluginTimings: false } },
};

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

const sources = ["src", "passes", "examples", ".ci", "package.json", "tsconfig.json"].map((p) => join(root, p));
const changed = Math.max(...sources.map(newest));

mkdirSync(beside, { recursive: true });
await step("bundles", ["dist/index.js", "build/examples"], bundles);
if (!process.argv.includes("--bundles")) await step("declarations", ["dist/index.d.ts"], declarations);

/** Does what is missing or out of date, and says how long it took. The stamp is as old as the beginning: sources may change meanwhile. */
async function step(what, made, work) {
  const stamp = join(beside, `.${what}`);
  const isThere = made.every((path) => existsSync(join(root, path)));
  if (isThere && (statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0) > changed) return;
  console.log(`building ${what} …`);
  const start = new Date();
  await work();
  writeFileSync(stamp, "");
  utimesSync(stamp, start, start);
  console.log(`built ${what} in ${((Date.now() - start.getTime()) / 1000).toFixed(1)} s`);
}

async function bundles() {
  remove(dist, (name) => !name.endsWith(".d.ts"));
  await build({
    ...common,
    entry: { ...entries, ...command },
    outDir: "dist",
    platform: "node",
    clean: false,
    dts: false,
    sourcemap: true,
    minify,
    alias: { immer: join(root, "node_modules/immer/dist/immer.production.mjs") },
    deps: { neverBundle: peers, alwaysBundle: bundled, onlyBundle: bundled },
    plugins: [
      commandChunk,
      documentation(root, beside),
      pureCalls(["src", "passes"].map((folder) => join(root, folder))),
      namespaces,
      minified,
    ],
    outputOptions: {
      comments: { jsdoc: false, annotation: true, legal: true },
      chunkFileNames: "chunks/[name].js",
      codeSplitting: { groups: chunks },
    },
  });
  await build({
    ...common,
    entry: { [ofCommand]: join(root, "node_modules", ofCommand, "esm.mjs") },
    outDir: "dist/chunks",
    platform: "node",
    clean: false,
    dts: false,
    outputOptions: { comments: { jsdoc: false, annotation: true, legal: true } },
  });
  chmodSync(join(dist, "cli.js"), 0o755);
  writeFileSync(join(dist, "LICENSES.txt"), licenses());
  await build({
    ...common,
    entry: ["examples/**/*.ts"],
    outDir: "build/examples",
    platform: "node",
    unbundle: true,
    root: "examples",
    clean: true,
    dts: false,
    sourcemap: true,
    deps: { neverBundle: [/^adjoint/] },
    // the examples import the package by its name, from dist
    tsconfig: false,
  });
}

/** The licences of what is bundled, which ask to be passed on. */
function licenses() {
  const texts = [...bundled, ofCommand].map((name) => {
    const folder = join(root, "node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
    return `${name} ${version}, bundled\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(72)}\n\n`);
}

/** `adjoint/mini` has declarations of its own, in one file: its tensors have no methods. */
async function declarations() {
  remove(dist, (name) => name.endsWith(".d.ts"));
  const { mini, ...others } = entries;
  const outDir = "dist";
  const forTypes = {
    ...common,
    outDir,
    platform: "node",
    clean: false,
    dts: { emitDtsOnly: true },
    deps: { neverBundle: peers },
  };
  // an interface adds to a class of its own file only, so what the entries share is one file; what is of the testing kit
  // is another, since it names an optional peer
  const isOfTesting = (path) => path.includes("testing");
  const groups = [
    { name: "declarations.d", test: (path) => path.endsWith(".d.ts") && !isOfTesting(path), priority: 1 },
    { name: "testing.d", test: (path) => path.endsWith(".d.ts") && isOfTesting(path) },
  ];
  const outputOptions = { chunkFileNames: "chunks/[name].js", codeSplitting: { groups } };
  await build({ ...forTypes, entry: others, plugins: [mendedDeclarations()], outputOptions });
  await build({ ...forTypes, entry: { mini }, plugins: [mendedDeclarations()] });
}

/** Removes the files below a folder of which `isOld` holds. */
function remove(folder, isOld) {
  for (const item of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    const path = join(folder, item.name);
    if (item.isDirectory()) remove(path, isOld);
    else if (isOld(item.name)) rmSync(path);
  }
}
