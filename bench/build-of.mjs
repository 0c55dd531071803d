// The build of an earlier commit, in a work tree of its own in a temporary folder that is removed again.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command to its end; what it prints is shown where it fails. */
function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? `${stderr}${stdout}`.trim()}`);
}

/**
 * Builds `revision` and gives its folder, its name and what removes it. It is removed when this process ends too, whatever
 * ends it.
 */
export function buildOf(revision) {
  const commit = run("git", ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`], root);
  const folder = mkdtempSync(join(tmpdir(), "adjoint-bench-"));
  const tree = join(folder, "tree");
  const remove = () => {
    spawnSync("git", ["worktree", "remove", "--force", tree], { cwd: root });
    rmSync(folder, { recursive: true, force: true });
    spawnSync("git", ["worktree", "prune"], { cwd: root });
  };
  process.once("exit", remove);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));
  const name = run("git", ["log", "-1", "--format=%h %<(60,trunc)%s", commit], root);
  console.log(`bench: building ${name} …`);
  run("git", ["worktree", "add", "--detach", tree, commit], root);
  provideModules(tree);
  run(process.execPath, [join(tree, ".ci/build.mjs"), "--bundles"], tree);
  // The workloads are those of this checkout, the examples among them: only the compiler is the earlier one.
  cpSync(join(root, "build/examples"), join(tree, "build/examples"), { recursive: true });
  return { folder: tree, name };
}

/** The modules that the build needs: those of this checkout where the lock files are equal. */
function provideModules(tree) {
  const lockOf = (folder) => {
    const path = join(folder, "package-lock.json");
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  if (lockOf(tree) === lockOf(root)) symlinkSync(join(root, "node_modules"), join(tree, "node_modules"), "junction");
  else run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], tree);
}
