// The parts of the benchmark: a script each, with the flags that its process needs.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

const flags = { compile: ["--stack-size=4000"] };

export const partNames = [
  "scalar",
  "split",
  "expression",
  "tensors",
  "workloads",
  "cnn",
  "gmm",
  "adbench",
  "loops",
  "source",
  "source-compile",
  "compile",
  "startup",
  "calls",
  "peers",
];

/** What starts a part: the flags of its process, and its script. */
export function commandOf(name) {
  return { flags: flags[name] ?? [], script: join(here, `${name}.mjs`) };
}

/** Installs what we are measured against. Where that cannot be had, the rows against it say that they are not measured. */
export function installPeers() {
  if (existsSync(join(here, "node_modules"))) return;
  console.log("bench: installing what we are measured against …");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: here,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) console.log("bench: they could not be installed, and are not measured against");
}
