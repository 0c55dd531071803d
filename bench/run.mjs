// The benchmark: each part in a process of its own, one after the other. `npm run bench [part…]`.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const parts = {
  scalar: ["scalar.mjs"],
  split: ["split.mjs"],
  expression: ["expression.mjs"],
  tensors: ["tensors.mjs"],
  workloads: ["workloads.mjs"],
  cnn: ["cnn.mjs"],
  gmm: ["gmm.mjs"],
  loops: ["loops.mjs"],
  source: ["source.mjs"],
  compile: ["--stack-size=4000", "compile.mjs"],
  startup: ["startup.mjs"],
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in parts));
if (unknown !== undefined) {
  console.error(`bench: no part '${unknown}', expected some of ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}
if (!existsSync(join(here, "node_modules"))) {
  spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--silent"], { cwd: here, stdio: "inherit" });
}
console.log(`node ${process.version}; ratios, the two sides in turn within one run`);
let missed = 0;
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  const [script, ...flags] = parts[name].toReversed();
  const { status } = spawnSync(process.execPath, [...flags, join(here, script)], { stdio: "inherit" });
  missed += status ?? 1;
}
process.exit(missed > 0 ? 1 : 0);
