// Installs what is missing: nothing to do where node_modules is newer than the lock file. Says so where Node is too old.

import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function modified(path) {
  return statSync(root + path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** `>=20.19` */
const { engines } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const [major, minor] = engines.node.slice(2).split(".").map(Number);
const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
  console.error(`Node ${process.versions.node} is too old: Adjoint needs ${engines.node.slice(2)} or newer`);
  process.exit(1);
}

if (modified("node_modules/.package-lock.json") < modified("package-lock.json")) {
  console.log("installing dependencies …");
  const start = performance.now();
  // whatever the npm that runs this was told: `npm pack --dry-run` builds as well
  const whole = ["--include=dev", "--dry-run=false", "--ignore-scripts=false"];
  const { status } = spawnSync("npm", ["ci", ...whole, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
  console.log(`installed them in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
