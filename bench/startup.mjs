// Process start to the first gradient against bare Node, and the size of the main entry.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { failures, heading, paired, report } from "./measure.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bare = "const a = 15, b = 20; console.log(a * b, b, a);";
const first = `import { mul, valueAndGrad } from "../../dist/index.js";
const [c, [da, db]] = valueAndGrad((a, b) => mul(a, b), { wrt: [0, 1] })(15, 20);
console.log(c, da, db);`;

const folder = mkdtempSync(join(root, "bench", "tmp-"));
try {
  const script = (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return () => {
      const { stdout } = spawnSync(process.execPath, [path], { encoding: "utf8" });
      if (stdout !== "300 20 15\n") throw new Error(`${name} printed ${stdout}`);
    };
  };
  heading("process start to the first gradient / bare Node");
  const { a, b, ratio } = paired(script("gradient.mjs", first), script("bare.mjs", bare), { rounds: 21, warmup: 3 });
  report("c = a*b with dc/da, dc/db", ratio, 1.5, `${a.toFixed(0)} ms against ${b.toFixed(0)} ms`);

  heading("size of the main entry, bundled, minified, gzipped (KB)");
  const outfile = join(folder, "entry.js");
  buildSync({
    entryPoints: [join(root, "dist/index.js")],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    outfile,
    logLevel: "error",
  });
  report("import * from adjoint", gzipSync(readFileSync(outfile), { level: 9 }).length / 1000, 40);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failures());
