// Process start to the first gradient against bare Node, and the size of the main entry.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { addressOf } from "./library.mjs";
import { compare, finish, report, section } from "./measure.mjs";

const bare = "const a = 15, b = 20; console.log(a * b, b, a);";
const first = `import { mul, valueAndGrad } from ${JSON.stringify(addressOf("index.js"))};
const [c, [da, db]] = valueAndGrad((a, b) => mul(a, b), { wrt: [0, 1] })(15, 20);
console.log(c, da, db);`;

const folder = mkdtempSync(join(tmpdir(), "adjoint-startup-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A process that runs a script and has to print c, dc/da and dc/db. */
function script(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return () => {
    const { stdout } = spawnSync(process.execPath, [path], { encoding: "utf8" });
    if (stdout !== "300 20 15\n") throw new Error(`${name} printed ${stdout}`);
  };
}

await section("process start to the first gradient / bare Node", async () => {
  await compare("c = a*b with dc/da, dc/db", script("gradient.mjs", first), script("bare.mjs", bare), 1.5, {
    rounds: 21,
    warmup: 3,
    detail: (a, b) => `${a.toFixed(0)} ms against ${b.toFixed(0)} ms`,
  });
});

await section("size of the main entry, bundled, minified, gzipped (KB)", async () => {
  const outfile = join(folder, "entry.js");
  buildSync({
    entryPoints: [fileURLToPath(addressOf("index.js"))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    outfile,
    logLevel: "error",
  });
  report("import * from adjoint", gzipSync(readFileSync(outfile), { level: 9 }).length / 1000, 40);
});
finish();
