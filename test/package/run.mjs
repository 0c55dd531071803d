// The package as a stranger meets it: packed from a clean copy, installed into a project, its types compiled, bundled, and
// run in every place that it is made for. What a registry or a missing program leaves out is skipped, by its name.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { serve, visit } from "./browser.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const work = mkdtempSync(join(tmpdir(), "adjoint-package-"));
const project = join(work, "project");
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const counts = { passed: 0, failed: 0 };
const skipped = [];

/** Does a step and says how it went; a step that throws failed. */
async function step(name, body) {
  const start = performance.now();
  try {
    await body();
    counts.passed++;
    console.log(`ok       ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    counts.failed++;
    console.log(`FAILED   ${name}\n${String(error?.stack ?? error).replace(/^/gm, "         ")}`);
    return false;
  }
}

function skip(name, why) {
  skipped.push(name);
  console.log(`skipped  ${name} (${why})`);
}

/** What a command prints; it has to succeed. */
function run(command, args, { cwd = project, env } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? `${stdout}\n${stderr}`.trim()}`);
}

const node = (...args) => run(process.execPath, args);

function same(got, expected, what) {
  if (got !== expected) throw new Error(`${what}: got ${got}\nexpected ${expected}`);
}

// ---- pack -----------------------------------------------------------------------------------------------------------

/** A copy of what the repository tracks, as a clone has it, with the modules that are installed here. */
function cleanCopy() {
  const copy = join(work, "clone");
  const files = run("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: root }).split("\0");
  for (const file of files) if (file !== "" && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
  // what is installed is newer than the lock file
  utimesSync(join(copy, "package-lock.json"), 0, 0);
  return copy;
}

let tarball;

await step("npm pack builds, in a clean copy", () => {
  run("npm", ["pack", "--silent", "--pack-destination", work], { cwd: cleanCopy() });
  tarball = join(work, readdirSync(work).find((name) => name.endsWith(".tgz")) ?? "");
});
if (!tarball) finish();

await step("it carries what is needed, and nothing else", () => {
  const files = run("tar", ["-tzf", tarball], { cwd: work })
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
  const known =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/LICENSES\.txt|dist\/(chunks\/)?[\w-]+\.(js|js\.map|d\.ts))$/;
  same(files.filter((name) => !known.test(name)).join(), "", "files of no use");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const targets = [...Object.values(manifest.exports), manifest.bin.adjoint].flatMap((t) =>
    Object.values(typeof t === "string" ? [t] : t),
  );
  const wanted = ["README.md", "LICENSE", "CHANGELOG.md", ...targets.map((t) => t.replace("./", ""))];
  same(wanted.filter((name) => !files.includes(name)).join(), "", "files that are missing");
  const bare = files.filter((name) => /chunks\/.*\.js$/.test(name) && !files.includes(`${name}.map`));
  const ours = bare.filter((name) => !/runtime|commander/.test(name));
  same(ours.join(), "", "chunks of code of ours without a source map");
  for (const field of ["repository", "homepage", "bugs", "license", "author"])
    if (manifest[field] === undefined) throw new Error(`package.json has no ${field}`);
  same(JSON.stringify(manifest.dependencies ?? {}), "{}", "dependencies beside what is bundled");
});

// ---- install --------------------------------------------------------------------------------------------------------

mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
for (const name of ["program.mjs", "mini.mjs", "consumer.ts"]) cpSync(join(here, name), join(project, name));

const tools = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).dependencies;
const quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];

await step("it installs", () => run("npm", ["install", "--offline", ...quiet, tarball]));

const wanted = Object.entries(tools).map(([name, range]) => `${name}@${range}`);
const hasTools =
  spawnSync("npm", ["install", ...quiet, "--fetch-retries=0", tarball, ...wanted], { cwd: project, encoding: "utf8" })
    .status === 0;
if (!hasTools) {
  for (const name of Object.keys(tools)) skip(name, "no registry is reached");
}
const { esbuild } = { esbuild: createRequire(join(root, "package.json"))("esbuild") };
const from = createRequire(join(project, "package.json"));
const load = (name) => import(pathToFileURL(from.resolve(name)).href);

// ---- run ------------------------------------------------------------------------------------------------------------

const known = {
  product: [300, 20],
  compiled: 300,
  gradient: [2, 4, 6],
  carried: ["f32", "2,2", "1,NaN,0,2", true],
};
let expected;
const printing = (file, entry = "./program.mjs") => {
  writeFileSync(
    join(project, file),
    `import { run } from "${entry}";\nconsole.log("RESULT " + JSON.stringify(run()));\n`,
  );
  return file;
};
const resultOf = (out) =>
  out
    .split("\n")
    .find((line) => line.startsWith("RESULT "))
    ?.slice("RESULT ".length);

printing("main.mjs");
await step("Node, as a module", () => {
  expected = resultOf(node("main.mjs"));
  const got = JSON.parse(expected);
  for (const [name, value] of Object.entries(known)) same(JSON.stringify(got[name]), JSON.stringify(value), name);
  if (!(got.losses.every(Number.isFinite) && got.losses.at(-1) < got.losses[0]))
    throw new Error(`losses ${got.losses}`);
});

await step("Node, by require", () => {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const text = `const { grad, mul } = require("adjoint"); const { parseModule } = require("adjoint/ir"); console.log(grad((a, b) => mul(a, b))(15, 20), typeof parseModule);`;
  writeFileSync(join(project, "main.cjs"), text);
  same(node("main.cjs").trim(), "20 function", `Node ${major}.${minor}`);
});

await step("the command, from .bin", () => {
  const out = run(join(project, "node_modules/.bin/adjoint"), ["expr", "x * y", "--at", "x=15,y=20", "--gradient"]);
  if (!out.includes("300")) throw new Error(out);
  if (!run(join(project, "node_modules/.bin/adjoint"), ["ops", "dot"]).includes("func @"))
    throw new Error("ops dot says nothing");
});

await step("a worker of Node, to which tensors are posted", () => {
  writeFileSync(
    join(project, "worker.mjs"),
    `import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { mul, tensor } from "adjoint";
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  worker.on("message", (x) => { console.log(tensor(x).toArray().join()); worker.terminate(); });
  worker.postMessage(tensor([1, 2]));
} else parentPort.on("message", (x) => parentPort.postMessage(mul(tensor(x), 2)));
`,
  );
  same(node("worker.mjs").trim(), "2,4", "doubled in a worker");
});

await step("Node without eval runs WebAssembly, and computes the same", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--disallow-code-generation-from-strings", "main.mjs"], {
    cwd: project,
    encoding: "utf8",
  });
  same(resultOf(stdout), expected, "results");
  same(stderr.trim(), "", "warnings");
});

// ---- types ----------------------------------------------------------------------------------------------------------

const compilers = hasTools ? ["typescript-5.0", "typescript-5.6", "typescript"] : [];
for (const name of compilers) {
  for (const [module, moduleResolution] of [
    ["esnext", "bundler"],
    ["node16", "node16"],
  ]) {
    await step(`types under ${name} ${tools[name].replace(/.*[~^]/, "")}, ${moduleResolution}`, () => {
      const options = {
        target: "es2022",
        lib: ["es2022", "dom"],
        types: [],
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        module,
        moduleResolution,
      };
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({ compilerOptions: options, files: ["consumer.ts"] }),
      );
      node(join("node_modules", name, "bin/tsc"), "-p", ".");
    });
  }
}

if (hasTools) {
  await step("an editor shows the documentation of every member of a tensor", () => {
    cpSync(join(here, "editor.mjs"), join(project, "editor.mjs"));
    const { members, undocumented } = JSON.parse(node("editor.mjs"));
    same(members > 200, true, `more than 200 members, of which there are ${members}`);
    same(undocumented.join(), "", "members without documentation");
  });
}

// ---- bundle ---------------------------------------------------------------------------------------------------------

printing("main-mini.mjs", "./mini.mjs");
let expectedMini;
await step("adjoint/mini, as a module of Node", () => {
  expectedMini = resultOf(node("main-mini.mjs"));
  const { methods, gradient, mapped } = JSON.parse(expectedMini);
  same(JSON.stringify([methods, gradient, mapped]), "[false,20,[2,4]]", "results");
});

/** Bundlers, each from an entry to one file. */
const bundlers = {
  esbuild: (entry, outfile) =>
    esbuild.build({
      absWorkingDir: project,
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: "esm",
      outfile,
      logLevel: "error",
    }),
  async rollup(entry, outfile) {
    const { rollup } = await load("rollup");
    const { nodeResolve } = await load("@rollup/plugin-node-resolve");
    const bundle = await rollup({
      input: join(project, entry),
      plugins: [nodeResolve()],
      onwarn: (w) => {
        throw new Error(w.message);
      },
    });
    await bundle.write({ file: outfile, format: "es" });
  },
  async webpack(entry, outfile) {
    const { default: webpack } = await load("webpack");
    const compiler = webpack({
      mode: "production",
      context: project,
      entry: `./${entry}`,
      target: "es2022",
      experiments: { outputModule: true },
      output: { path: dirname(outfile), filename: outfile.slice(dirname(outfile).length + 1), module: true },
      performance: false,
    });
    const stats = await new Promise((resolve, reject) =>
      compiler.run((error, result) => (error ? reject(error) : resolve(result))),
    );
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
  },
};
for (const [name, bundle] of Object.entries(bundlers)) {
  if (!hasTools && name !== "esbuild") continue;
  await step(`bundled by ${name}`, async () => {
    for (const [entry, wantedResult] of [
      ["main.mjs", expected],
      ["main-mini.mjs", expectedMini],
    ]) {
      const outfile = join(project, "out", `${name}-${entry}`);
      await bundle(entry, outfile);
      same(resultOf(node(outfile)), wantedResult, entry);
    }
  });
}

// ---- browser --------------------------------------------------------------------------------------------------------

const chromiumPath = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

async function inBrowser() {
  const imports = { imports: { adjoint: "/node_modules/adjoint/dist/index.js" } };
  const page = (script) =>
    `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify(imports)}</script>${script}`;
  writeFileSync(join(project, "plain.html"), page('<script type="module" src="/main.mjs"></script>'));
  writeFileSync(
    join(project, "page-worker.mjs"),
    `import { run } from "./out/esbuild-run.mjs";\nonmessage = ({ data }) => postMessage([run(), data]);\n`,
  );
  await esbuild.build({
    absWorkingDir: project,
    entryPoints: ["program.mjs"],
    bundle: true,
    format: "esm",
    outfile: "out/esbuild-run.mjs",
  });
  writeFileSync(
    join(project, "worker.html"),
    page(`<script type="module">
import { tensor } from "adjoint";
const worker = new Worker("/page-worker.mjs", { type: "module" });
worker.onerror = (event) => { throw new Error(event.message); };
worker.onmessage = ({ data: [results, back] }) => {
  if (tensor(back).toArray().join() !== "1,2") throw new Error("the tensor came back as " + JSON.stringify(back));
  console.log("RESULT " + JSON.stringify(results));
};
worker.postMessage(tensor([1, 2]));
</script>`),
  );
  writeFileSync(
    join(project, "strict.html"),
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/out/esbuild-main.mjs"></script>',
  );
  const { build } = await load("vite");
  writeFileSync(
    join(project, "index.html"),
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.mjs"></script>',
  );
  await build({ root: project, logLevel: "error", build: { outDir: "vite", chunkSizeWarningLimit: 2000 } });
  const policy = { "content-security-policy": "default-src 'self'; img-src data:; script-src 'self'" };
  const pages = ["/plain.html", "/worker.html", "/strict.html"];
  const site = await serve(project, { "/strict.html": policy });
  const built = await serve(join(project, "vite"));
  const {
    default: { chromium },
  } = await load("playwright-core");
  const seen = await visit(chromium, chromiumPath, [
    ...pages.map((p) => site.address + p),
    `${built.address}/index.html`,
  ]);
  site.close();
  built.close();
  return new Map([...pages, "vite"].map((name, i) => [name, seen[i]]));
}

const browserSteps = {
  "/plain.html": "a page without a bundler",
  vite: "a page built by Vite",
  "/worker.html": "a worker of a page",
  "/strict.html": "a page whose policy forbids eval",
};
if (!hasTools) skip("Chromium", "no registry is reached");
else if (chromiumPath === undefined) skip("Chromium", "it is not installed");
else {
  let seen;
  await step("Chromium opens the pages", async () => {
    seen = await inBrowser();
  });
  for (const [page, name] of Object.entries(seen === undefined ? {} : browserSteps)) {
    await step(`Chromium: ${name}`, () => {
      const { result, others } = seen.get(page);
      same(result, expected, "results");
      const warnings = others.filter((line) => line.startsWith("warning: Adjoint:"));
      same(warnings.length, page === "/strict.html" ? 1 : 0, `warnings\n${others.join("\n")}`);
    });
  }
}

// ---- other runtimes -------------------------------------------------------------------------------------------------

for (const [name, args] of [
  ["deno", ["run", "--no-prompt"]],
  ["bun", ["run"]],
]) {
  if (!hasTools) continue;
  const command = join(project, "node_modules/.bin", name);
  if (spawnSync(command, ["--version"]).status !== 0) skip(name, "its binary does not run here");
  else
    await step(`${name === "deno" ? "Deno without permissions" : "Bun"}`, () =>
      same(resultOf(run(command, [...args, "main.mjs"])), expected, "results"),
    );
}

// ---- linters of packages --------------------------------------------------------------------------------------------

if (hasTools) {
  await step("publint", () => run(join(project, "node_modules/.bin/publint"), ["run", "--strict", tarball]));
  await step("attw", () =>
    run(join(project, "node_modules/.bin/attw"), [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"]),
  );
}

finish();

function finish() {
  const left = skipped.length === 0 ? "nothing skipped" : `${skipped.length} skipped: ${skipped.join(", ")}`;
  console.log(`package: ${counts.passed} passed, ${counts.failed} failed, ${left}`);
  process.exit(counts.failed > 0 ? 1 : 0);
}
